"""Which nodes of Ray are machines, and which part of one an actor takes."""

import math
from collections.abc import Mapping
from typing import Any

RESOURCE = "twinrun"  # nodes that have it are the machines; if none has it, all nodes are
_DIGITS = 10_000  # Ray's fractions have four


def are_named(found: list[dict[str, Any]]) -> bool:
    """Return whether nodes are machines by the resource: some node has it."""
    return any(each["Alive"] and each["Resources"].get(RESOURCE, 0) > 0 for each in found)


def machines(found: list[dict[str, Any]], *, named: bool, by_gpu: bool) -> list[dict[str, Any]]:
    """Return the nodes that are used, of those that Ray has.

    Those with the resource where they are ``named`` by it, else all that have CPUs: a head that is
    to do no work has none. ``by_gpu``: those of them that have GPUs.
    """
    wanted = RESOURCE if named else "CPU"
    return [
        each
        for each in found
        if each["Alive"]
        and each["Resources"].get(wanted, 0) > 0
        and (not by_gpu or each["Resources"].get("GPU", 0) >= 1)
    ]


def parts(resources: Mapping[str, float], *, by_gpu: bool) -> list[dict[str, Any]]:
    """Return the options of actors that take all of a node, so that nobody else gets a part.

    ``by_gpu``: one for each GPU, with its share of the rest.
    """
    count = int(resources["GPU"]) if by_gpu else 1
    found = list[dict[str, Any]]()
    for number in range(count):
        options: dict[str, Any] = {
            "num_cpus": _share(resources.get("CPU", 0), number, count),
            "num_gpus": 1.0 if by_gpu else _share(resources.get("GPU", 0), 0, 1),
        }
        if resources.get(RESOURCE, 0) > 0:
            options["resources"] = {RESOURCE: _share(resources[RESOURCE], number, count)}
        found.append(options)
    return found


def _share(amount: float, number: int, of: int) -> float:
    """Return a part of an amount: Ray takes no fractions above 1, and four digits below."""
    if amount / of > 1:
        whole = int(amount)
        return float(whole // of + (number < whole % of))
    return math.floor(amount / of * _DIGITS) / _DIGITS
