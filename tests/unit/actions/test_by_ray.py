"""Machines by Ray: what names a cluster, their names, and which of them speak TLS."""

from contextlib import contextmanager
from queue import SimpleQueue

import pytest
from twinrun.v1 import job_pb2

from orchestrator.actions.cluster import by_ray
from orchestrator.actions.cluster.by_ray import RayCluster, _names, names_ray
from orchestrator.actions.cluster.sources import HostsFile, asked, check_exclusive, source
from orchestrator.errors import BadInput, RunnerUnavailable
from orchestrator.language.phrases import stored
from orchestrator.runners.cluster.ray.node import network_id
from orchestrator.runners.cluster.ray.session import Kept
from orchestrator.settings.keeping import Exclusive
from tests.waiting import HANG_SECONDS

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
    found = {"id": key, "node": key.partition("-")[0], "name": name or address}
    found |= {"host": host, "address": address}
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


def test_a_name_that_another_node_has_is_not_given_again():
    assert _names([node("1234567890", "n1")], {"n1"}) == {"1234567890": "n1-12345678"}


class Session:
    """Nodes, all of which start; ``later``: yields those that come later."""

    def __init__(self, *nodes, later=lambda _: ()):
        self.found, self.orders, self.later, self.kept = nodes, {}, later, {}

    def __call__(self, address, shown, tell, *, by_gpu):
        self.address, self.by_gpu = address, by_gpu
        return self

    def joined(self):
        yield from self.later(self)

    def close(self):
        self.closed = True

    def nodes(self):
        return self.found

    def start(self, orders):
        self.orders |= orders
        addresses = {"pytorch": "somewhere:1"}
        return {key: {"addresses": addresses, "niceness": 0} for key in orders}

    def keep(self, node):
        return self.kept.setdefault(node, Kept(self, node))


@contextmanager
def opened(monkeypatch, *nodes, come=print, exclusive=Exclusive.MACHINE, flag="--cluster", **how):
    session = Session(*nodes, **how)
    monkeypatch.setattr(by_ray, "Session", session)
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    with RayCluster("ray", exclusive, flag).opened(["pytorch"], print, come) as hosts:
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


def test_machines_that_train_together_are_where_the_others_reach_them(monkeypatch):
    here, far = node("1", "here", network=network_id()), node("2", "far", address="10.0.0.2")
    with opened(monkeypatch, here, far, flag="--over", come=None) as (session, hosts):
        assert [each["host"] for each in session.orders.values()] == ["10.0.0.1", "10.0.0.2"]
        assert all(each["files"] and each["together"] for each in session.orders.values())
        assert all(host.places.trust for host in hosts)
        assert [host.name for host in hosts] == ["far", "here"]  # and so whenever it goes on
    with opened(monkeypatch, here, flag="--over") as (session, _):
        assert session.orders["1"]["host"] == "127.0.0.1"
    with opened(monkeypatch, here) as (session, _):
        assert not session.orders["1"]["together"]


@pytest.mark.parametrize(
    ("exclusive", "said"), [(Exclusive.MACHINE, "has CPUs"), (Exclusive.GPU, "a GPU that Ray")]
)
def test_a_cluster_without_nodes_is_told(monkeypatch, exclusive, said):
    with (
        pytest.raises(RunnerUnavailable, match=f"--cluster ray: no node .*{said}"),
        opened(monkeypatch, exclusive=exclusive),
    ):
        pass


def part(key, gpu, **further):
    return {**node(key, "n1", network=network_id()), "gpu": gpu, **further}


def test_each_gpu_of_a_machine_is_a_place_of_its_own_there(monkeypatch):
    """Planted: of one actor nobody knows which GPU it has."""
    parts = part("1-0", "1"), part("1-1", "GPU-a/b"), {**part("1-2", ""), "fault": "busy"}
    with opened(monkeypatch, *parts, exclusive=Exclusive.GPU) as (session, hosts):
        assert session.by_gpu
        assert [host.name for host in hosts] == ["n1#1", "n1#GPU-a_b", "n1#?2"]
        assert {host.machine for host in hosts} == {"n1"}
        assert hosts[2].fault is not None


def test_what_comes_later_is_started_too_and_a_machine_keeps_its_name(monkeypatch):
    """Planted: n1 dies and comes again, as another node of Ray; n2 is a second one of that name."""
    here = network_id()
    first = node("1", "n1", network=here), node("2", "n2", network=here)
    again, other = node("3333333333", "n1", network=here), node("4444444444", "n2", network=here)
    far = node("5", "n5", address="10.0.0.2")
    come = SimpleQueue()

    def later(session):
        session.kept["1"].end(stored("it died"))
        yield from (again, other, far)

    with opened(monkeypatch, *first, come=come.put, later=later) as (session, _):
        hosts = [come.get(timeout=HANG_SECONDS) for _ in range(3)]
        assert [host.name for host in hosts] == ["n1", "n2-44444444", "n5"]
        assert session.orders["5"]["files"].keys() == {"tls-cert", "tls-key", "tls-client-ca"}
        assert hosts[2].places.trust["pytorch"]


@pytest.mark.parametrize(
    ("cluster", "exclusive", "said"),
    [
        (None, "gpu", "name a cluster of Ray"),
        ("hosts.toml", "gpu", "needs a cluster of Ray.*hosts.toml names machines"),
        ("ray", "core", "'core'; choose from machine, gpu"),
    ],
)
def test_a_gpu_for_each_block_is_refused_where_nobody_can_give_it(cluster, exclusive, said):
    with pytest.raises(BadInput, match=said):
        asked(cluster, exclusive)


def test_a_gpu_for_each_block_is_refused_where_a_job_uses_none():
    jobs = [job_pb2.JobSpec(device=kind) for kind in (job_pb2.DEVICE_CUDA, job_pb2.DEVICE_CPU)]
    check_exclusive(asked("ray", "gpu"), jobs[:1])
    check_exclusive(asked("ray", "machine"), jobs)
    with pytest.raises(BadInput, match="--device cuda"):
        check_exclusive(asked("ray", "gpu"), jobs)
    assert asked(None, "machine") is None
