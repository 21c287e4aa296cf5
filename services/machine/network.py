"""By which interface of this machine others reach it."""

import fcntl
import ipaddress
import socket
import struct
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TypeAlias

from services.errors import DeviceUnavailable

_GET_ADDRESS = 0x8915  # SIOCGIFADDR of Linux: an interface's IPv4 address
_IPV6 = Path("/proc/net/if_inet6")
Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address


def interface(host: str) -> str:
    """Return the name of the interface that has an address of ``host``.

    Raises DeviceUnavailable if this machine has none.
    """
    wanted = set(addresses(host))
    for _, name in socket.if_nameindex():
        has: set[Address] = {*_ipv4(name), *_ipv6(name)}
        loops = bool(has) and all(each.is_loopback for each in has | wanted)
        if has & wanted or loops:
            return name
    raise DeviceUnavailable(
        f"the other machines are to reach this one at {host}, which is no address of any of its "
        "network interfaces; give the runner an address of its own machine, and run it without a "
        "container or in the network of its host",
        host=host,
    )


def addresses(host: str) -> list[Address]:
    """Return the addresses of a host. Raises DeviceUnavailable if its name is not known."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError as error:
        raise DeviceUnavailable(f"the host {host} is not known here: {error}", host=host) from error
    return [ipaddress.ip_address(str(each[4][0]).partition("%")[0]) for each in found]


def _ipv4(name: str) -> Iterator[ipaddress.IPv4Address]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked, suppress(OSError):
        answer = fcntl.ioctl(asked, _GET_ADDRESS, struct.pack("256s", name.encode()[:15]))
        yield ipaddress.IPv4Address(answer[20:24])


def _ipv6(name: str) -> Iterator[ipaddress.IPv6Address]:
    with suppress(OSError):
        for line in _IPV6.read_text().splitlines():
            address, *_, of = line.split()
            if of == name:
                yield ipaddress.IPv6Address(int(address, 16))
