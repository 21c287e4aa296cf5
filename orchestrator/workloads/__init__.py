"""The presets: each a JobSpec in proto's JSON mapping, in a file ``<name>.yaml`` of this folder."""

from importlib import resources
from typing import Any

import yaml

from orchestrator.errors import BadInput

_SUFFIX = ".yaml"


def names() -> list[str]:
    """The workloads that there are, sorted."""
    files = resources.files(__name__).iterdir()
    return sorted(f.name.removesuffix(_SUFFIX) for f in files if f.name.endswith(_SUFFIX))


def load(name: str) -> dict[str, Any]:
    """The preset as it is written. Raises BadInput where there is none of that name."""
    if name not in names():  # so that a name never becomes a path
        known = ", ".join(names())
        raise BadInput(f"There is no workload {name!r}; take one of {known}.")
    text = resources.files(__name__).joinpath(name + _SUFFIX).read_text(encoding="utf-8")
    spec: dict[str, Any] = yaml.safe_load(text)
    return spec
