"""A scripted Ray, and the driver on it."""

from concurrent.futures import Future
from types import SimpleNamespace

from orchestrator.runners.cluster.ray import driver
from orchestrator.runners.cluster.ray.driver import Driver
from tests.waiting import HANG_SECONDS


class ActorUnavailableError(Exception):
    """Named as Ray's."""


class Call:
    """A method of an actor; the test settles what comes of it."""

    def __init__(self):
        self.futures = []

    def remote(self, *given):
        self.futures.append(Future())
        return self

    def future(self):
        return self.futures[-1]


class Ray:
    """Nodes a and b, and an actor on each."""

    def __init__(self):
        self.actors, self.killed, self.asked, self.waited = {}, [], [], []
        pinned = SimpleNamespace(NodeAffinitySchedulingStrategy=lambda key, soft: key)
        self.util = SimpleNamespace(scheduling_strategies=pinned)
        self.kill = self.killed.append
        self.there = [node(name) for name in "ab"]

    def nodes(self):
        if self.there is None:
            raise RuntimeError("the head is gone")
        return list(self.there)

    def remote(self, kind):
        return self

    def options(self, scheduling_strategy, **asked):
        self.asked.append((scheduling_strategy, asked))
        return SimpleNamespace(remote=self._actor)

    def wait(self, ends, num_returns, timeout):
        self.waited = ends

    def shutdown(self):
        self.actors.clear()

    def _actor(self, key, parts):
        self.parts = parts
        calls = {name: Call() for name in ("look", "start", "watch", "cores", "stop")}
        self.actors[key] = SimpleNamespace(**calls)
        return self.actors[key]


def node(key, alive=True, name=None, **resources):
    name = name or key
    return {
        "NodeID": key,
        "Alive": alive,
        "NodeName": name,
        "NodeManagerHostname": f"host-{name}",
        "NodeManagerAddress": "10.0.0.1",
        "Resources": resources or {"CPU": 2.0},
    }


class Begun:
    """A driver whose actors are placed, on a scripted Ray, and what it ``told``.

    Its timers wait until they are fired.
    """

    def __init__(self, ray, *, by_gpu=False):
        self.ray, self.told, self.timers = ray, [], []
        self.driver = Driver(ray, self.told.append, by_gpu=by_gpu)

    def go_on(self):
        while not self.driver.come.empty():
            self.driver.come.get()()

    def fire(self, seconds):
        """Let the oldest timer of so many seconds be over."""
        found = next(timer for timer in self.timers if timer[0] == seconds)
        self.timers.remove(found)
        found[1]()
        self.driver.come.get()()

    def look_again(self, *there):
        """Have it look for nodes; ``there``: those that Ray has now."""
        self.ray.there = [*there] if there else None
        self.fire(driver._LOOK_SECONDS)
        self.driver.come.get(timeout=HANG_SECONDS)()  # another thread has asked

    def looked(self, key, **found):
        answer = {"machine": "m", "network": "n", **found}
        self.ray.actors[key].look.future().set_result(answer)
        self.go_on()
