"""By which interface of this machine others reach it."""

import socket
from concurrent.futures import ThreadPoolExecutor
from ipaddress import IPv4Address, IPv6Address

import pytest
from twinrun.contract.group import Group

from services.errors import DeviceUnavailable, PartLost
from services.machine import network

INTERFACES = {"lo": ("127.0.0.1", "::1"), "eth0": ("10.0.0.5", "fd00::5"), "idle": ()}


@pytest.fixture
def machine(monkeypatch):
    """Has the interfaces of a machine that others reach."""
    names = [(number, name) for number, name in enumerate(INTERFACES, 1)]
    monkeypatch.setattr(socket, "if_nameindex", lambda: names)
    for asked, kind in (("_ipv4", IPv4Address), ("_ipv6", IPv6Address)):
        at = {name: each[kind is IPv6Address :][:1] for name, each in INTERFACES.items()}
        monkeypatch.setattr(network, asked, lambda name, at=at, kind=kind: map(kind, at[name]))


@pytest.mark.parametrize(
    ("host", "name"),
    [("10.0.0.5", "eth0"), ("fd00::5", "eth0"), ("127.0.0.1", "lo"), ("127.0.1.1", "lo")],
)
def test_it_is_the_one_with_an_address_of_the_host(machine, host, name):
    assert network.interface(host) == name


@pytest.mark.parametrize("host", ["10.0.0.6", "fd00::6"])
def test_an_address_of_another_machine_is_refused(machine, host):
    with pytest.raises(DeviceUnavailable, match=f"reach this one at {host}, which is no address"):
        network.interface(host)


def test_a_host_that_nobody_knows_is_named(monkeypatch):
    def unknown(*_, **__):
        raise socket.gaierror("Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(DeviceUnavailable, match=r"the host nowhere is not known here: .* known"):
        network.interface("nowhere")


def test_the_loopback_of_this_machine_is_found():
    name = network.interface("127.0.0.1")
    assert name in [each for _, each in socket.if_nameindex()]
    assert IPv4Address("127.0.0.1") in list(network._ipv4(name))


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def test_machines_that_reach_each_other_meet():
    addresses = tuple(f"127.0.0.1:{free_port()}" for _ in range(3))
    with ThreadPoolExecutor() as threads:
        list(threads.map(network.meet, [Group(addresses, place) for place in range(3)]))


@pytest.mark.parametrize(
    ("place", "said"),
    [(0, "did not reach the part of the job at 127.0.0.1"), (1, "the first machine")],
)
def test_one_that_never_comes_is_named(monkeypatch, place, said):
    monkeypatch.setattr(network, "MEETING_SECONDS", 0.2)
    addresses = tuple(f"127.0.0.1:{free_port()}" for _ in range(2))
    with pytest.raises(PartLost, match=said):
        network.meet(Group(addresses, place))
