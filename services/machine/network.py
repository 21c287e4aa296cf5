"""By which interface of this machine others reach it, and whether they do."""

import fcntl
import ipaddress
import socket
import struct
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TypeAlias

from twinrun.contract.group import Group

from services.errors import DeviceUnavailable, PartLost

MEETING_SECONDS = 300  # for all parts of a job to begin
_PAUSE_SECONDS = 0.1
_STREAM = socket.SOCK_STREAM
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


def meet(group: Group) -> None:
    """Return once the first machine and each of the others have reached each other.

    Raises PartLost if that takes too long, and DeviceUnavailable as `interface`.
    """
    interface(group.host)
    first, *others = group.addresses
    host, _, port = group.addresses[group.place].rpartition(":")
    family, *_, address = socket.getaddrinfo(host.strip("[]"), int(port), type=_STREAM)[0]
    with socket.create_server(address[:2], family=family) as listening:
        listening.settimeout(MEETING_SECONDS)
        if group.place == 0:
            for each in others:
                _reach(each)
            for _ in others:
                _await(listening, "another machine")
        else:
            _await(listening, f"the first machine, {first},")
            _reach(first)


def _reach(address: str) -> None:
    due = time.monotonic() + MEETING_SECONDS
    host, _, port = address.rpartition(":")
    while True:
        left = due - time.monotonic()
        try:
            with socket.create_connection((host.strip("[]"), int(port)), max(left, _PAUSE_SECONDS)):
                return
        except OSError as error:
            if left <= 0:
                raise PartLost(
                    f"This machine did not reach the part of the job at {address} within "
                    f"{MEETING_SECONDS} s: {error}."
                ) from error
            time.sleep(_PAUSE_SECONDS)


def _await(listening: socket.socket, who: str) -> None:
    try:
        listening.accept()[0].close()
    except TimeoutError as error:
        raise PartLost(
            f"The part of the job on {who} did not reach this machine within {MEETING_SECONDS} s."
        ) from error


def addresses(host: str) -> list[Address]:
    """Return the addresses of a host. Raises DeviceUnavailable if its name is not known."""
    try:
        found = socket.getaddrinfo(host, None, type=_STREAM)
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
