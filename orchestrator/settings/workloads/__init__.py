"""Workloads: each a JobSpec in proto's JSON mapping, in YAML.

The presets are files ``<name>.yaml`` in this folder; a user's own is a file anywhere, named by its
path.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import yaml

from orchestrator.errors import BadInput, Refused
from orchestrator.language.phrases import Phrase, english
from orchestrator.settings.workloads import forms, lines

_SUFFIXES = (".yaml", ".yml", ".json")  # JSON is YAML too
_SUFFIX = ".yaml"
_TO_NAME = Phrase(
    "There is no workload {name!r}; choose from {known}, or give the path of your own file."
)

FOR_A_GPU = frozenset({"resnet18"})  # on a CPU a step takes seconds, and in float64 more


@dataclass(frozen=True, slots=True)
class Preset:
    """``description``: the first sentence of the comment at its beginning."""

    name: str
    description: str
    spec: Mapping[str, Any]


def names() -> list[str]:
    """Return the names of the presets, sorted."""
    files = resources.files(__name__).iterdir()
    return sorted(f.name.removesuffix(_SUFFIX) for f in files if f.name.endswith(_SUFFIX))


def presets() -> list[Preset]:
    """Return all presets, sorted by name."""
    listed = []
    for name in names():
        text = _text(name)
        comment = [line for line in text.splitlines() if line.startswith("#")]
        described = " ".join(line.removeprefix("#").strip() for line in comment)
        listed.append(Preset(name, described.partition(". ")[0].rstrip("."), _spec(text)))
    return listed


def title(workload: str) -> str:
    """Return the name for its runs: a preset's name, or that of the file without its suffix."""
    return Path(workload).stem if is_path(workload) else workload


def is_path(workload: str) -> bool:
    """Return whether it is a user's own file; a preset's name is never used as a path."""
    return workload.endswith(_SUFFIXES)


def load(workload: str) -> dict[str, Any]:
    """Return the spec as written.

    Raises BadInput if the name is unknown, or with all errors of a user's file except values out of
    range, each with its line.
    """
    if is_path(workload):
        path = Path(workload)
        return with_paths(lines.load(path), path.parent)
    if workload not in names():
        raise BadInput(english(_TO_NAME, name=workload, known=", ".join(names())))
    return _spec(_text(workload))


def with_paths(spec: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Return the spec with absolute paths of its files; relative ones are in ``folder``."""
    dataset = spec.get("dataset")
    file = dataset.get("file") if isinstance(dataset, dict) else None
    if isinstance(file, dict):
        for field in ("path", "test_path", "testPath"):
            if isinstance(path := file.get(field), str) and path:
                file[field] = os.path.abspath(folder / Path(path).expanduser())  # noqa: PTH100 - links stay as they are, and .. goes
    code = spec.get("code")
    for source in code.values() if isinstance(code, dict) else ():
        if isinstance(source, dict) and isinstance(path := source.get("file"), str) and path:
            source["file"] = os.path.abspath(folder / Path(path).expanduser())  # noqa: PTH100 - as above
    return spec


@contextmanager
def lines_in_refusals(workload: str | None) -> Iterator[None]:
    """Add the lines of invalid fields to a runner's refusal of a user's file."""
    try:
        yield
    except Refused as refused:
        if workload is None or not is_path(workload):
            raise
        raise BadInput(lines.located(Path(workload), refused.fields)) from None


def _spec(text: str) -> dict[str, Any]:
    return forms.mapping_of(yaml.safe_load(text))


def _text(name: str) -> str:
    return resources.files(__name__).joinpath(name + _SUFFIX).read_text(encoding="utf-8")
