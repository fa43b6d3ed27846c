from __future__ import annotations

from ipaddress import ip_address, ip_network

import pytest

from tests.hostile import HOSTILE
from workers.addresses import embedded, is_allowed, is_public, literal

PUBLIC = "1.1.1.1 8.8.8.8 93.184.216.34 151.101.1.69 172.15.0.1 172.32.0.1 100.63.255.255 100.128.0.1 223.255.255.254 "
PUBLIC += "2606:4700::1111 2a00:1450:4001::200e 2001:4860:4860::8888 2620:0:861:ed1a::1 2400:cb00::1"


@pytest.mark.parametrize("address", HOSTILE)
def test_an_address_that_is_not_on_the_public_internet_is_refused(address: str) -> None:
    assert not is_public(ip_address(address))
    assert not is_allowed(ip_address(address), ())


@pytest.mark.parametrize("address", [*PUBLIC.split(), "::ffff:8.8.8.8"])
def test_a_public_address_is_allowed(address: str) -> None:
    assert is_allowed(ip_address(address), ())


@pytest.mark.parametrize("address", ["10.1.2.3", "::ffff:10.1.2.3"])
def test_a_network_that_is_opened_opens_its_addresses_however_they_are_spelled(address: str) -> None:
    assert is_allowed(ip_address(address), [ip_network("10.0.0.0/8")])
    assert not is_allowed(ip_address(address), [ip_network("10.9.0.0/16"), ip_network("fd00::/8")])


def test_opening_a_translated_network_does_not_open_the_private_addresses_behind_it() -> None:
    opened = [ip_network("64:ff9b::/96"), ip_network("2002::/16")]
    assert is_allowed(ip_address("64:ff9b::8.8.8.8"), opened)
    assert not is_allowed(ip_address("64:ff9b::10.0.0.1"), opened)
    assert not is_allowed(ip_address("2002:a00:1::1"), opened)
    assert is_allowed(ip_address("64:ff9b::10.0.0.1"), [*opened, ip_network("10.0.0.0/8")])


def test_loopback_of_version_6_can_be_opened() -> None:
    assert is_allowed(ip_address("::1"), [ip_network("::1/128")])
    assert embedded(ip_address("::1")) is None


def test_only_plain_spellings_are_literals() -> None:
    assert literal("[::1]") == ip_address("::1")
    assert literal("fe80::1%eth0") == ip_address("fe80::1")
    for spelling in ("0177.0.0.1", "2130706433", "127.1", "0x7f.0.0.1", "example.org", ""):
        assert literal(spelling) is None
