"""A process of its own that speaks to Ray: ``python -m ...driver ADDRESS``.

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
from functools import partial
from queue import SimpleQueue
from typing import Any

from orchestrator.runners.cluster.ray import node as nodes

RESOURCE = "twinrun"  # nodes that have it are the machines; if none has it, all nodes are
READY_SECONDS = 300.0  # for actors to begin
_TELL_SECONDS = 5.0  # after which is said what is waited for
_STOP_SECONDS = 20.0
_CONNECT_SECONDS = 10.0
_AGAIN_SECONDS = 1.0  # after which a node is asked that could not be reached
_MOST_LETTERS = 600


class Driver:
    """Actors on all nodes, and what they tell."""

    def __init__(self, ray: Any, tell: Callable[[Mapping[str, Any]], None]) -> None:
        self._ray, self._tell = ray, tell
        self._actors: dict[str, Any] = {}
        self._found: dict[str, dict[str, Any]] = {}
        self._looking: set[str] = set()
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
        """Begin an actor on each node, which takes all of its CPUs and GPUs."""
        kind = self._ray.remote(nodes.Node)
        pinned = self._ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy
        for each in machines(self._ray.nodes()):
            key = each["NodeID"]
            self._found[key] = {
                "id": key,
                "name": each["NodeName"],
                "host": each["NodeManagerHostname"],
                "address": each["NodeManagerAddress"],
            }
            self._actors[key] = kind.options(
                **whole(each["Resources"]),
                scheduling_strategy=pinned(key, soft=False),
                max_concurrency=4,  # to watch, and be asked
                max_restarts=0,
            ).remote(key)
            self._looking.add(key)
        for key in self._actors:
            self._begin("look", key, self._looked)
        for seconds, then in ((_TELL_SECONDS, self._waiting), (READY_SECONDS, self._give_up)):
            self._later(seconds, then)
        if not self._actors:
            self._tell({"nodes": []})

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
        if key not in self._looking:
            return
        self._found[key].update(_result(future))
        self._looking.remove(key)
        if not self._looking:
            self._tell({"nodes": list(self._found.values())})

    def _waiting(self) -> None:
        if self._looking:
            self._tell({"waiting": [self._found[key]["host"] for key in self._looking]})

    def _give_up(self) -> None:
        for key in list(self._looking):
            self._ray.kill(self._actors.pop(key))
            self._found[key]["fault"] = "busy"
            self._looking.remove(key)
            if not self._looking:
                self._tell({"nodes": list(self._found.values())})

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


def machines(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the nodes that are used, of those that Ray has.

    Those with the resource; if there are none, all that have CPUs: a head that is to do no work has
    none.
    """
    alive = [each for each in found if each["Alive"]]
    named = [each for each in alive if each["Resources"].get(RESOURCE, 0) > 0]
    return named or [each for each in alive if each["Resources"].get("CPU", 0) > 0]


def whole(resources: Mapping[str, float]) -> dict[str, Any]:
    """Return the options of an actor that takes all of a node, so that nobody else gets a part."""
    options: dict[str, Any] = {
        "num_cpus": _most(resources.get("CPU", 0)),
        "num_gpus": _most(resources.get("GPU", 0)),
    }
    if resources.get(RESOURCE, 0) > 0:
        options["resources"] = {RESOURCE: _most(resources[RESOURCE])}
    return options


def _most(amount: float) -> float:
    return float(int(amount)) if amount > 1 else amount  # Ray takes no fractions above 1


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
    driver = Driver(ray, tell)
    threading.Thread(target=read, daemon=True).start()
    ray.cloudpickle.register_pickle_by_value(nodes)
    try:
        ray.init(sys.argv[1], log_to_driver=False, logging_level="ERROR")
    except Exception as error:  # noqa: BLE001 - Ray raises many kinds
        tell({"fault": "no_cluster", "why": _said(error)})
        return
    connected.set()
    try:
        driver.place()
        driver.serve()
    finally:
        driver.stop()


if __name__ == "__main__":
    main()
