"""How a function takes the flags of a job, and addresses of runners, as keywords."""

import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Literal, ParamSpec, TypeVar

from orchestrator.frameworks import FRAMEWORKS
from orchestrator.settings.grid import takes_several
from orchestrator.settings.job import FLAGS, choices

P = ParamSpec("P")
R = TypeVar("R")


def with_flags(function: Callable[P, R], **others: object) -> Callable[P, R]:
    """Give a function that ends in ``**given`` a keyword for each flag and framework, and ``tls``.

    It is called with those that were passed; any other is a TypeError, as for every function.
    ``others``: types of flags that it takes otherwise than a job does.
    """
    kinds = {
        name: Literal[tuple(choices(name))] | None if choices(name) else kind
        for name, (_, kind) in FLAGS.items()
    }
    return _with(function, kinds | others | _ADDRESSES)


def with_lists(function: Callable[P, R]) -> Callable[P, R]:
    """Give such a function the keywords of `with_flags`, of which some may be lists of values."""
    kinds = {
        name: kind | Sequence[object] | None if takes_several(name) else kind
        for name, (_, kind) in FLAGS.items()
    }
    return _with(function, kinds | _ADDRESSES)


def with_addresses(function: Callable[P, R]) -> Callable[P, R]:
    """Give such a function a keyword for each framework, and ``tls``, alone."""
    return _with(function, _ADDRESSES)


_ADDRESSES: dict[str, object] = {
    **{each.word: str | None for each in FRAMEWORKS.values()},
    "tls": str | Sequence[str] | None,
}


def _with(function: Callable[P, R], kinds: Mapping[str, object]) -> Callable[P, R]:
    *own, rest = inspect.signature(function).parameters.values()
    added = [
        rest.replace(name=name, kind=rest.KEYWORD_ONLY, default=None, annotation=kind)
        for name, kind in kinds.items()
    ]
    signature = inspect.signature(function).replace(parameters=[*own, *added])

    @functools.wraps(function)
    def call(*args: P.args, **given: P.kwargs) -> R:
        signature.bind(*args, **given)
        return function(*args, **given)

    call.__signature__ = signature  # type: ignore[attr-defined]
    return call
