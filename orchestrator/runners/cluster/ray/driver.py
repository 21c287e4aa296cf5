"""A process of its own that speaks to Ray: ``python -m ...driver ADDRESS machine|gpu``.

Only here is Ray imported: no process that has gRPC's channels or a framework has Ray too, and none
of Ray's threads, signals and variables reaches the orchestrator. Lines of JSON come and go by
standard input and output: `session` has the other end. When standard input ends, so do all runners.
"""

import importlib
import json
import os
import socket
import sys
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from queue import SimpleQueue
from typing import Any

from orchestrator.runners.cluster.ray import node as nodes
from orchestrator.runners.cluster.ray.sharing import are_named, machines, parts

READY_SECONDS = 300.0  # for actors to begin
_TELL_SECONDS = 5.0  # after which is said what is waited for
_STOP_SECONDS = 20.0
_CONNECT_SECONDS = 10.0
_AGAIN_SECONDS = 1.0  # after which a node is asked that could not be reached
_LOOK_SECONDS = 5.0  # between two looks for nodes that come later
_MOST_LETTERS = 600


class Driver:
    """Actors on all nodes, and what they tell.

    An actor has a whole node, or ``by_gpu`` one GPU of it; ``id`` is its own, ``node`` the node's.
    """

    def __init__(
        self, ray: Any, tell: Callable[[Mapping[str, Any]], None], *, by_gpu: bool = False
    ) -> None:
        self._ray, self._tell, self._by_gpu = ray, tell, by_gpu
        self._named = False  # whether nodes are machines by the resource
        self._nodes = dict[str, tuple[str, str]]()  # name and address of each that was taken
        self._actors: dict[str, Any] = {}
        self._found: dict[str, dict[str, Any]] = {}
        self._looking: set[str] = set()
        self._first: set[str] | None = set()  # those at the beginning. None: they are told
        self.come: SimpleQueue[Any] = SimpleQueue()

    def serve(self) -> None:
        """Do what is asked until nothing more is."""
        while (item := self.come.get()) is not None:
            if callable(item):
                item()
            elif item["do"] == "start":
                self._begin("start", item["node"], self._started, item["order"])
            else:
                self._begin("cores", item["node"], partial(self._answered, item["id"]))

    def place(self) -> None:
        """Begin actors on each node that there is, and look for further ones from then on."""
        there = self._ray.nodes()
        self._named = are_named(there)
        self._first = self._take(there)
        self._later(_TELL_SECONDS, self._waiting)
        self._tell_first()
        self._look_again()

    def _take(self, there: list[dict[str, Any]]) -> set[str]:
        """Begin actors on the nodes that are new, and return their ids."""
        kind = self._ray.remote(nodes.Node)
        pinned = self._ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy
        begun = set[str]()
        for each in machines(there, named=self._named, by_gpu=self._by_gpu):
            node = each["NodeID"]
            if node in self._nodes or self._is_taken(each, there):
                continue
            self._nodes[node] = each["NodeName"], each["NodeManagerAddress"]
            options = parts(each["Resources"], by_gpu=self._by_gpu)
            for number, part in enumerate(options):
                key = f"{node}-{number}" if self._by_gpu else node
                self._found[key] = {
                    "id": key,
                    "node": node,
                    "name": each["NodeName"],
                    "host": each["NodeManagerHostname"],
                    "address": each["NodeManagerAddress"],
                }
                self._actors[key] = kind.options(
                    **part,
                    scheduling_strategy=pinned(node, soft=False),
                    max_concurrency=4,  # to watch, and be asked
                    max_restarts=0,
                ).remote(key, len(options) if self._by_gpu else 0)
                begun.add(key)
        self._looking |= begun
        for key in begun:
            self._begin("look", key, self._looked)
        if begun:
            self._later(READY_SECONDS, partial(self._give_up, begun))
        return begun

    def _is_taken(self, node: Mapping[str, Any], there: list[dict[str, Any]]) -> bool:
        """Return whether a later node is one that was taken, whose death Ray has not noticed yet.

        It is started again: once that one is dead it comes back by its name.
        """
        alive = {each["NodeID"] for each in there if each["Alive"]}
        same = node["NodeName"], node["NodeManagerAddress"]
        return self._first is None and any(
            known == same and key in alive for key, known in self._nodes.items()
        )

    def _look_again(self) -> None:
        self._later(_LOOK_SECONDS, self._look_for_more)

    def _look_for_more(self) -> None:
        def ask() -> None:  # in a thread of its own: the cluster may be slow to answer
            there = []
            with suppress(Exception):  # what is wrong with the cluster is told by those who watch
                there = self._ray.nodes()
            self.come.put(partial(self._came, there))

        threading.Thread(target=ask, daemon=True).start()

    def _came(self, there: list[dict[str, Any]]) -> None:
        if self._first is None:
            self._take(there)
        self._look_again()

    def stop(self) -> None:
        """End all runners and actors."""
        begun = [key for key in self._actors if key not in self._looking]
        ends = [self._actors[key].stop.remote() for key in begun]
        if ends:
            self._ray.wait(ends, num_returns=len(ends), timeout=_STOP_SECONDS)
        for actor in self._actors.values():
            self._ray.kill(actor)
        self._ray.shutdown()

    def _begin(self, method: str, key: str, then: Callable[..., None], *given: object) -> None:
        def ended(future: "Future[Any]") -> None:
            self.come.put(partial(then, key, future))

        getattr(self._actors[key], method).remote(*given).future().add_done_callback(ended)

    def _later(self, seconds: float, then: Callable[[], None]) -> None:
        timer = threading.Timer(seconds, self.come.put, [then])
        timer.daemon = True
        timer.start()

    def _looked(self, key: str, future: "Future[Any]") -> None:
        if key in self._looking:
            self._found[key].update(_result(future))
            self._known(key)

    def _known(self, key: str) -> None:
        """Tell of an actor that has answered, or will not; at the beginning of all at once."""
        self._looking.remove(key)
        if self._first is None:
            self._tell({"joined": self._found[key]})
        else:
            self._tell_first()

    def _tell_first(self) -> None:
        if self._first is not None and not self._first & self._looking:
            self._tell({"nodes": [self._found[key] for key in self._found if key in self._first]})
            self._first = None

    def _waiting(self) -> None:
        if waited := [self._found[key]["host"] for key in self._found if key in self._looking]:
            self._tell({"waiting": waited})

    def _give_up(self, begun: set[str]) -> None:
        for key in [key for key in self._found if key in begun & self._looking]:
            self._ray.kill(self._actors.pop(key))
            self._found[key]["fault"] = "busy"
            self._known(key)

    def _started(self, key: str, future: "Future[Any]") -> None:
        started = _result(future)
        self._tell({"node": key, "started": started})
        if "fault" not in started:
            self._begin("watch", key, self._ended)

    def _ended(self, key: str, future: "Future[Any]") -> None:
        if _is_away(future):  # the connection is lost: whether the node is, comes later
            self._later(_AGAIN_SECONDS, partial(self._begin, "watch", key, self._ended))
        else:
            self._tell({"node": key, "ended": _result(future)})

    def _answered(self, number: int, _: str, future: "Future[Any]") -> None:
        cores = None if future.exception() else future.result()
        self._tell({"answer": number, "cores": cores})


def _result(future: "Future[Any]") -> dict[str, Any]:
    error = future.exception()
    return {"fault": "actor", "why": _said(error)} if error else dict(future.result())


def _is_away(future: "Future[Any]") -> bool:
    return type(future.exception()).__name__ == "ActorUnavailableError"


def _said(error: BaseException) -> str:
    return " ".join(str(error).split())[:_MOST_LETTERS] or type(error).__name__


def unreachable(address: str) -> str | None:
    """Return why nobody listens at HOST:PORT or ray://HOST:PORT: Ray itself tries for minutes."""
    host, _, port = address.rpartition("/")[2].rpartition(":")
    if not host:  # auto
        return None
    try:
        socket.create_connection((host.strip("[]"), int(port)), _CONNECT_SECONDS).close()
    except (OSError, OverflowError, ValueError) as error:  # ValueError: also of a name too long
        return _said(error)
    return None


def main() -> None:
    """Serve until standard input ends."""
    output = os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1)
    os.dup2(2, 1)  # what Ray prints is no answer
    connected, telling = threading.Event(), threading.Lock()

    def tell(message: Mapping[str, Any]) -> None:
        with telling:
            print(json.dumps(message), file=output)

    def read() -> None:
        for line in sys.stdin:
            driver.come.put(json.loads(line))
        driver.come.put(None)
        if not connected.is_set():
            os._exit(0)

    try:
        ray = importlib.import_module("ray")
        importlib.import_module("ray.util.scheduling_strategies")
    except ImportError as error:
        tell({"fault": "missing", "why": _said(error)})
        return
    if why := unreachable(sys.argv[1]):
        tell({"fault": "no_cluster", "why": why})
        return
    driver = Driver(ray, tell, by_gpu=sys.argv[2] == "gpu")
    threading.Thread(target=read, daemon=True).start()
    ray.cloudpickle.register_pickle_by_value(nodes)
    try:
        ray.init(sys.argv[1], log_to_driver=False, logging_level="ERROR")
    except Exception as error:  # noqa: BLE001 - Ray raises many kinds
        tell({"fault": "refused", "why": _said(error)})
        return
    connected.set()
    try:
        driver.place()
        driver.serve()
    finally:
        driver.stop()


if __name__ == "__main__":
    main()
