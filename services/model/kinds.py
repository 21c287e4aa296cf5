"""Lookup by kind: a mapping that contains every kind, or an error at import."""

import importlib
import pkgutil
import sys
from collections.abc import Callable, Iterable, Mapping
from types import ModuleType
from typing import TypeVar, get_args, get_type_hints

from twinrun.contract.layers import Leaf, layer_field
from twinrun.contract.optimizers import Optimizer, optimizer_field

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
    """Return the module of each kind of layer in ``package``, as `named_modules`."""
    kinds: tuple[type[Leaf], ...] = get_args(Leaf)
    return named_modules(package, kinds, layer_field)


def named_modules(
    package: str, kinds: Iterable[Kind], name: Callable[[Kind], str]
) -> Mapping[Kind, ModuleType]:
    """Return the module of each of ``kinds`` in ``package``, by the kind's ``name``, in any folder.

    Raises TypeError: which kinds the package lacks.
    """
    paths = sys.modules[package].__path__
    there = {
        module.name.rpartition(".")[2]: module.name
        for module in pkgutil.walk_packages(paths, f"{package}.")
    }
    kinds = tuple(kinds)
    found = {
        kind: importlib.import_module(there[name(kind)]) for kind in kinds if name(kind) in there
    }
    return complete(package, kinds, found)


def optimizer_modules(package: str) -> Mapping[type, ModuleType]:
    """Return the module of each kind of optimizer in ``package``, as `named_modules`."""
    kinds: tuple[type, ...] = get_args(get_type_hints(Optimizer)["kind"])
    return named_modules(package, kinds, optimizer_field)
