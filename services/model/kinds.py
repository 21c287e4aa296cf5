"""Lookup by kind: a mapping that contains every kind, or an error at import."""

import importlib
import pkgutil
import sys
from collections.abc import Iterable, Mapping
from types import ModuleType
from typing import TypeVar, get_args

from twinrun.contract.layers import Leaf, layer_field

Kind = TypeVar("Kind")
Found = TypeVar("Found")


def complete(
    place: str, kinds: Iterable[Kind], found: Mapping[Kind, Found]
) -> Mapping[Kind, Found]:
    """Return ``found`` if it has all ``kinds``. Raises TypeError: what the ``place`` lacks."""
    lacking = [str(getattr(kind, "__name__", kind)) for kind in kinds if kind not in found]
    if lacking:
        raise TypeError(f"{place} lacks {', '.join(lacking)}")
    return found


def modules(package: str) -> Mapping[type[Leaf], ModuleType]:
    """Return the module of each kind of layer in ``package``, by the kind's name, in any folder.

    Raises TypeError: which kinds the package lacks.
    """
    paths = sys.modules[package].__path__
    there = {
        module.name.rpartition(".")[2]: module.name
        for module in pkgutil.walk_packages(paths, f"{package}.")
    }
    kinds: tuple[type[Leaf], ...] = get_args(Leaf)
    found = {
        kind: importlib.import_module(there[layer_field(kind)])
        for kind in kinds
        if layer_field(kind) in there
    }
    return complete(package, kinds, found)
