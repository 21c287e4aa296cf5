"""Sweeps over machines of scripted runners, which draw nothing."""

from contextlib import contextmanager

import pytest

from orchestrator.actions.cluster.meeting import Machines, Met
from orchestrator.actions.cluster.sources import HostsFile
from orchestrator.actions.sweeps import train
from orchestrator.runners.cluster import queue
from orchestrator.settings.config import Places
from orchestrator.settings.hosts import Host
from tests.builders.sweeping import Client, Runners
from tests.integration.undrawn import NoRenderer


@pytest.fixture(autouse=True)
def undrawn(monkeypatch):
    monkeypatch.setattr(train, "Renderer", NoRenderer)
    monkeypatch.setattr("orchestrator.figures.sweeps.canvases", lambda _found: [])
    monkeypatch.setattr(queue, "REST_SECONDS", 0.0)


@pytest.fixture
def machines(monkeypatch, tmp_path):
    """Returns what makes machines of names and PyTorch's runners those that ``hosts.toml`` has."""
    file = tmp_path / "hosts.toml"
    file.write_text('[hosts.a]\npytorch = "a:1"\ntensorflow = "a:2"\n')

    def machines(facts=(), missing=(), **first):
        met = {
            name: Met(Host(name, Places()), Runners(client, Client("tensorflow")), dict(facts))
            for name, client in first.items()
        }

        @contextmanager
        def meet(_source, _names, _display):
            yield Machines(met, dict(missing))

        monkeypatch.setattr(train, "meet", meet)
        return HostsFile(file)

    return machines
