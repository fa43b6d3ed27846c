"""Tell addresses that requests may go to from those that they may not (DESIGN law 9). Pure.

Python's own `is_global` differs between patch releases and lets ranges through that carry an IPv4 address inside, so
that the special-purpose registries of IANA are written out here where it falls short (read 2026-11).
"""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_UNICAST = IPv6Network("2000::/3")  # all that IANA has given out as global unicast
_MAPPED = IPv6Network("::ffff:0:0/96")
_LAST_32_BITS = (
    IPv6Network("::/96"),  # IPv4-compatible, RFC 4291 section 2.5.5.1; :: and ::1 are in it
    IPv6Network("::ffff:0:0:0/96"),  # translated, RFC 2765
    IPv6Network("64:ff9b::/96"),  # NAT64, RFC 6052
    IPv6Network("64:ff9b:1::/48"),  # NAT64 of a site's own, RFC 8215
)
_NEVER = (
    IPv4Network("0.0.0.0/8"),
    IPv4Network("100.64.0.0/10"),  # shared by carriers, RFC 6598
    IPv4Network("168.63.129.16/32"),  # the host agent of every virtual machine at Azure; public only by number
    IPv4Network("192.0.0.0/24"),  # IETF protocol assignments; metadata of Oracle's cloud
    IPv4Network("192.88.99.0/24"),  # 6to4 relays, RFC 7526
    IPv4Network("198.18.0.0/15"),  # benchmarks, RFC 2544
    IPv6Network("2001::/23"),  # IETF protocol assignments, Teredo among them
    IPv6Network("2001:db8::/32"),  # documentation
    IPv6Network("2002::/16"),  # 6to4: carries an IPv4 address
    IPv6Network("3fff::/20"),  # documentation, RFC 9637
)


def is_allowed(address: Address, networks: Sequence[Network]) -> bool:
    """Tell whether requests may go to `address`: it is public, or in one of the `networks` that were opened.

    Where a network of translated addresses is opened (NAT64, 6to4), the IPv4 address inside must be allowed too.
    """
    if isinstance(address, IPv6Address) and address in _MAPPED:
        return is_allowed(_last_32_bits(address), networks)
    if any(address in network for network in networks if network.version == address.version):
        inner = embedded(address)
        return inner is None or is_allowed(inner, networks)
    return is_public(address)


def is_public(address: Address) -> bool:
    """Tell whether an address is public: not private, local, shared, reserved, translated or multicast."""
    if any(address in network for network in _NEVER if network.version == address.version):
        return False
    if isinstance(address, IPv6Address) and address not in _UNICAST:
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def embedded(address: Address) -> IPv4Address | None:
    """The IPv4 address that a translated IPv6 one leads to, None for any other and for ::/ and ::1."""
    if isinstance(address, IPv4Address) or address.is_loopback or address.is_unspecified:
        return None
    if address.sixtofour is not None:
        return address.sixtofour
    return _last_32_bits(address) if any(address in network for network in _LAST_32_BITS) else None


def literal(host: str) -> Address | None:
    """The address that a host spells plainly, None for a name.

    Octal, hexadecimal and decimal spellings are left to the resolver, whose answer is vetted.
    """
    try:
        return ip_address(host.strip("[]").partition("%")[0])
    except ValueError:
        return None


def _last_32_bits(address: IPv6Address) -> IPv4Address:
    return IPv4Address(int(address) & 0xFFFFFFFF)
