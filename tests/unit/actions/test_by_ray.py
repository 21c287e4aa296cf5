"""Machines by Ray: what names a cluster, their names, and which of them speak TLS."""

from contextlib import contextmanager

import pytest

from orchestrator.actions.cluster import by_ray
from orchestrator.actions.cluster.by_ray import RayCluster, _names, names_ray
from orchestrator.actions.cluster.sources import HostsFile, source
from orchestrator.errors import RunnerUnavailable
from orchestrator.runners.cluster.ray.node import network_id
from orchestrator.runners.cluster.ray.session import Kept

CLUSTERS = ("ray", "ray://head:10001", "head:6379", "10.0.0.1:6379", "[::1]:6379")
FILES = ("hosts.toml", "./ray", "folder/ray", "a:b", "ray.toml", "C:\\hosts:1")


def test_what_names_a_cluster_and_what_a_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    assert all(map(names_ray, CLUSTERS))
    assert not any(map(names_ray, FILES))
    (tmp_path / "hosts:1").write_text("")
    assert source("hosts:1") == HostsFile(by_ray.Path("hosts:1"))
    assert [source(text).text for text in CLUSTERS] == list(CLUSTERS)
    monkeypatch.setenv("RAY_ADDRESS", "head:1")
    assert [source(text).text for text in CLUSTERS] == ["head:1", *CLUSTERS[1:]]
    # Planted: Ray's own word for the cluster here. A run that goes on would take it for a file.
    monkeypatch.setenv("RAY_ADDRESS", "auto")
    assert source(source("ray").text) == RayCluster("ray")


def node(key, name="", host="host", address="10.0.0.1", network="far"):
    found = {"id": key, "name": name or address, "host": host, "address": address}
    return {**found, "machine": "m", "network": network}


@pytest.mark.parametrize(
    ("nodes", "names"),
    [
        ([node("1234567890", "rack 1", "h"), node("2", "", "h")], ["rack_1", "h"]),
        ([node("1234567890"), node("abcdefghij")], ["host-12345678", "host-abcdefgh"]),
        ([node("1", "fe80::1", address="fe80::2")], ["fe80__1"]),
        ([node("1234567890", "..."), node("2", "x" * 99)], ["12345678", "x" * 50]),
    ],
)
def test_names_are_of_nodes_and_fit_a_folder(nodes, names):
    assert list(_names(nodes).values()) == names


class Session:
    """Nodes, all of which start."""

    def __init__(self, *nodes):
        self.found, self.orders = nodes, {}

    def __call__(self, address, shown, tell):
        self.address = address
        return self

    def close(self):
        self.closed = True

    def nodes(self):
        return self.found

    def start(self, orders):
        self.orders = orders
        addresses = {"pytorch": "somewhere:1"}
        return {key: {"addresses": addresses, "niceness": 0} for key in orders}

    def keep(self, node):
        return Kept(self, node)


@contextmanager
def opened(monkeypatch, *nodes):
    session = Session(*nodes)
    monkeypatch.setattr(by_ray, "Session", session)
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    display = type("Display", (), {"say": print})
    with RayCluster("ray").opened(["pytorch"], display) as hosts:
        yield session, hosts
    assert session.closed


def test_runners_on_other_machines_have_tls_and_those_here_are_on_loopback(monkeypatch):
    here, far = node("1", "here", network=network_id()), node("2", "far", address="10.0.0.2")
    lost = {**node("3", "lost"), "fault": "busy"}
    with opened(monkeypatch, here, far, lost) as (session, hosts):
        assert session.address == "auto"
        assert session.orders["1"]["host"] == "127.0.0.1"
        assert session.orders["1"]["files"] == {}
        assert session.orders["2"]["host"] == "10.0.0.2"
        assert session.orders["2"]["files"].keys() == {"tls-cert", "tls-key", "tls-client-ca"}
        assert session.orders.keys() == {"1", "2"}
        trusted = [host.places.trust for host in hosts]
        assert trusted[0] == trusted[2] == {}
        folder = trusted[1]["pytorch"].folder
        assert not (folder / "ca-key.pem").exists(), "somebody could sign another certificate"
        assert [host.name for host in hosts] == ["here", "far", "lost"]
        assert "in use" in str(hosts[2].fault)
    assert not folder.exists()


def test_a_cluster_without_nodes_is_told(monkeypatch):
    with pytest.raises(RunnerUnavailable, match="no node"), opened(monkeypatch):
        pass
