"""Data that is fetched before it is needed."""

from types import SimpleNamespace

import pytest

from orchestrator.actions import prefetch
from orchestrator.errors import JobFailed
from orchestrator.language.phrases import Phrase, english
from orchestrator.runners.progress import Lines
from orchestrator.settings import config

SPECS = {name: config.job_spec(name, {}) for name in ("mnist-mlp", "mnist-cnn", "fashion-cnn")}
RUNNERS = SimpleNamespace(prepare=lambda names: None)


def test_every_dataset_is_tried_and_each_that_cannot_be_had_is_named(monkeypatch):
    tried = []

    def preview(dataset, *given, **more):
        tried.append(dataset)
        raise JobFailed(english(Phrase("no origin has it")))

    monkeypatch.setattr(prefetch, "preview", preview)
    with pytest.raises(JobFailed) as caught:
        prefetch.prefetch(SPECS, ["pytorch"], RUNNERS, Lines(lambda _: None))
    assert tried == ["mnist", "fashion-mnist"]
    assert str(caught.value.message).splitlines() == [f"{name}: no origin has it" for name in tried]
