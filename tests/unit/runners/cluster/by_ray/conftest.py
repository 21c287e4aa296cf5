"""A driver on a scripted Ray."""

import pytest

from orchestrator.runners.cluster.ray import driver
from tests.builders.ray_scripted import Begun, Ray


@pytest.fixture
def begin(monkeypatch):
    """Begins with a driver."""
    held = []

    class Timer:
        def __init__(self, seconds, function, given):
            held[-1].timers.append((seconds, lambda: function(*given)))
            self.daemon = False

        def start(self):
            assert self.daemon

    monkeypatch.setattr(driver.threading, "Timer", Timer)
    monkeypatch.setattr(driver, "_LOOK_SECONDS", 7.0)  # as no other timer has

    def begin(*there, **how):
        ray = Ray()
        ray.there = [*there] or ray.there
        held.append(Begun(ray, **how))
        held[-1].driver.place()
        return held[-1]

    return begin


@pytest.fixture
def answered(begin):
    """As ``begin``, of which all nodes have answered."""

    def answered(*there, **how):
        begun = begin(*there, **how)
        for key in list(begun.ray.actors):
            begun.looked(key)
        begun.told.clear()
        return begun

    return answered
