"""Tell addresses that requests may go to from those that they may not (DESIGN law 9). Pure."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

# Ranges that Python's `is_global` lets through or that carry an IPv4 address inside, which is judged instead.
_NAT64 = (IPv6Network("64:ff9b::/96"), IPv6Network("64:ff9b:1::/48"))
_NEVER = (
    IPv4Network("192.88.99.0/24"),  # 6to4 relays, RFC 7526
    IPv6Network("::/96"),  # IPv4-compatible, RFC 4291 section 2.5.5.1
    IPv6Network("2001::/23"),  # IETF protocol assignments, Teredo among them
    IPv6Network("3fff::/20"),  # documentation, RFC 9637
    IPv6Network("5f00::/16"),  # segment routing, RFC 9602
    IPv6Network("fec0::/10"),  # site-local, RFC 3879
)


def is_allowed(address: Address, networks: Sequence[Network]) -> bool:
    """Tell whether requests may go to `address`: it is public, or in one of the `networks` that were opened."""
    judged = embedded(address)
    if any(judged in network for network in networks if network.version == judged.version):
        return True
    return is_public(judged)


def is_public(address: Address) -> bool:
    """Tell whether an address is on the public internet: neither private, local, shared, reserved nor multicast."""
    if any(address in network for network in _NEVER if network.version == address.version):
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def embedded(address: Address) -> Address:
    """The IPv4 address that an IPv6 one stands for (mapped, NAT64, 6to4), else the address itself."""
    if isinstance(address, IPv4Address):
        return address
    inner = address.ipv4_mapped or address.sixtofour
    if inner is None and any(address in network for network in _NAT64):
        inner = IPv4Address(int(address) & 0xFFFFFFFF)
    return inner if inner is not None else address


def literal(host: str) -> Address | None:
    """The address that a host spells plainly, None for a name.

    Octal and decimal spellings are left to the resolver, whose answer is vetted.
    """
    try:
        return ip_address(host.strip("[]").partition("%")[0])
    except ValueError:
        return None
