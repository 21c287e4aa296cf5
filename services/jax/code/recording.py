"""One call of a Flax model: which layers run, in which order, and what they drop."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx
from jax.extend.core import get_opaque_trace_state
from twinrun.contract.traced import TracedDraw, TracedLayer

from services.errors import Unsupported
from services.jax.code import kinds, patches, views
from services.jax.code.kinds import Called

_FIELD = "code.jax"
Instead = Callable[[int, jax.Array], jax.Array]


@dataclass(frozen=True, slots=True, eq=False)
class Draw:
    """A call of dropout: as it is reported, and the ``shape`` of a whole mask after the batch."""

    traced: TracedDraw
    shape: tuple[int, ...]

    def laid(self, mask: jax.Array) -> jax.Array:
        """Return the mask [batch, ...] as the model's call takes it."""
        return mask.reshape(-1, *self.shape)


@dataclass(frozen=True, slots=True, eq=False)
class Flow:
    """What flowed into a layer with arrays of its own, at its first call."""

    shape: tuple[int, ...]
    image: tuple[int, ...]  # [channels, ...], if its rows may be one that was flattened


@dataclass(slots=True, eq=False)
class Recording(patches.Watcher):
    """What happened, in order. ``paths``: of the model's modules, by their identity.

    ``instead``: what a noted layer's output becomes, by its index. ``masks``: of each draw; None:
    all values are kept.
    """

    paths: Mapping[int, str]
    samples: int
    instead: Instead = lambda _, made: made
    masks: Callable[[int, Draw], jax.Array | None] = lambda *_: None
    layers: list[TracedLayer] = field(default_factory=list)
    outputs: list[jax.Array] = field(default_factory=list)
    draws: list[Draw] = field(default_factory=list)
    called: dict[str, Flow] = field(default_factory=dict)
    seen: dict[int, jax.Array] = field(default_factory=dict)  # attention's masks, by layer
    _running: list[nnx.Module] = field(default_factory=list)
    _calls: Counter[str] = field(default_factory=Counter)
    _known: set[int] = field(default_factory=set)  # arrays that layers made
    _kept: list[object] = field(default_factory=list)  # so that no identity is used again
    _level: object = field(default_factory=lambda: get_opaque_trace_state(convention="nnx"))
    _image: tuple[int, ...] = ()  # [..., channels] of the last one that was made

    def call(
        self,
        module: nnx.Module,
        run: Callable[..., Any],
        args: patches.Arguments,
        named: patches.Named,
    ) -> Any:
        if self._within or (self._running and self._running[-1] is module):
            return run(module, *args, **named)
        self._running.append(module)
        try:
            made = run(module, *args, **named)
        finally:
            self._running.pop()
        path = self.paths.get(id(module), type(module).__name__)
        if self._is_inner:
            return made
        found = _called(args, named, made)
        if found is None:
            return made
        self._note(path, found)
        kind = kinds.of_module(module, found)
        if not kind[0] and type(module) not in patches.LAYERS:
            return made
        mask = kinds.mask_of(module, found)
        if mask is not None:
            self.seen[len(self.layers)] = mask
        return self._layer(path, type(module).__name__, kind, found, made)

    def function(
        self, name: str, run: Callable[..., Any], args: patches.Arguments, named: patches.Named
    ) -> Any:
        self._running.append(_FUNCTION)
        try:
            made = run(*args, **named)
        finally:
            self._running.pop()
        found = None if self._within or self._is_inner else _called(args, named, made)
        kind = None if found is None else kinds.of_function(name, found)
        if found is None or kind is None:
            return made
        place = f"{self._path}.{name}" if self._path else name
        number = self._calls[f"{place}#"]
        self._calls[f"{place}#"] += 1
        return self._layer(f"{place}#{number}", name, kind, found, made)

    @property
    def _within(self) -> bool:
        """Whether what runs is part of a layer that is one for people."""
        return any(each is _FUNCTION or views.is_whole(each) for each in self._running)

    @property
    def _is_inner(self) -> bool:
        """Whether JAX makes a program of what runs by itself, such as a scan's step."""
        return bool(get_opaque_trace_state(convention="nnx") != self._level)

    @property
    def _path(self) -> str:
        return self.paths.get(id(self._running[-1]), "") if self._running else ""

    def _note(self, path: str, call: Called) -> None:
        """Note what a layer was first given."""
        if path in self.called:
            return
        rows = call.taken.shape[-1] if call.taken.ndim == 2 else 0
        flat = views.flattened(rows, self._image) and id(call.taken) not in self._known
        image = (self._image[-1], *self._image[:-1]) if flat else ()
        self.called[path] = Flow(tuple(call.taken.shape), image)

    def _layer(self, path: str, name: str, kind: kinds.Made, call: Called, made: Any) -> Any:
        """Note a call, and return what it returns."""
        if not jnp.issubdtype(call.made.dtype, jnp.floating):
            return made
        number = self._calls[path]
        self._calls[path] += 1
        shapes = self._shape(call.taken), self._shape(call.made)
        returned = self.instead(len(self.layers), call.made)
        self.layers.append(TracedLayer(path, name, kind[0], number, kind[1], *shapes))
        self.outputs.append(returned)
        self._kept += [call.taken, call.made]
        whole = made if returned is call.made else _replaced(made, returned)
        self._known.add(id(returned))
        if returned.ndim > 3:
            self._image = tuple(returned.shape[1:])
        return whole

    def _shape(self, array: jax.Array) -> tuple[int, ...]:
        """Return the shape of a sample; an axis that holds more than samples becomes two."""
        first, *rest = array.shape or (self.samples,)
        more = first // self.samples
        return tuple(rest) if more <= 1 or first % self.samples else (more, *rest)

    def mask(self, x: jax.Array, rate: float, shape: tuple[int, ...]) -> jax.Array | None:
        name = self._path or "The model"
        if self._is_inner:
            raise Unsupported(
                f"{name} drops within a function that JAX maps or compiles by itself, where no "
                "mask can be given; drop outside of it, or set code.without_dropout",
                field=_FIELD,
            )
        if not shape or shape[0] % self.samples or shape[0] == 0:
            raise Unsupported(
                f"{name} drops from {tuple(x.shape)} with one mask for several samples, which no "
                "other framework's dropout can share; set broadcast_dropout=False, and "
                "broadcast_dims without the first axis",
                field=_FIELD,
            )
        of_sample = self._shape(jax.ShapeDtypeStruct(shape, x.dtype))
        draw = Draw(TracedDraw(self._path, float(rate), of_sample), tuple(shape[1:]))
        self.draws.append(draw)
        mask = self.masks(len(self.draws) - 1, draw)
        return None if mask is None else draw.laid(mask)


class Replay(patches.Watcher):
    """The masks of one step, for the same calls as were recorded."""

    def __init__(self, draws: Sequence[Draw], masks: Sequence[jax.Array]) -> None:
        self._left: Iterator[tuple[Draw, jax.Array]] = iter(zip(draws, masks, strict=True))

    def mask(self, x: jax.Array, rate: float, shape: tuple[int, ...]) -> jax.Array | None:
        del x, shape
        draw, mask = next(self._left, (None, None))
        if draw is None or mask is None or abs(draw.traced.rate - rate) > 1e-12:
            raise Unsupported(
                "The model calls dropout in another order than before; its masks cannot be told "
                "apart",
                field=_FIELD,
            )
        return draw.laid(mask)


class Evaluation(patches.Watcher):
    """Nothing is dropped where there is nothing to drop."""

    def mask(self, x: jax.Array, rate: float, shape: tuple[int, ...]) -> jax.Array | None:
        del x, rate, shape
        raise Unsupported(
            "The model drops values in evaluation too: leave deterministic to model.train() and "
            "model.eval(), or verify the rest without dropout",
            field=_FIELD,
        )


class _Function(nnx.Module):  # type: ignore[misc] # Flax's is Any
    """Stands for a function that runs."""


_FUNCTION = _Function()


def _called(args: patches.Arguments, named: patches.Named, made: Any) -> Called | None:
    taken = next(_arrays((args, dict(named))), None)
    returned = next(_arrays(_of_carry(made)), None)
    return None if taken is None or returned is None else Called(args, named, taken, returned)


def _of_carry(made: Any) -> Any:
    """Return what a recurrent layer or a cell made without its carry, which comes first."""
    return made[1] if isinstance(made, tuple) and len(made) == 2 else made


def _arrays(nested: Any) -> Iterator[jax.Array]:
    return (each for each in jax.tree.leaves(nested) if isinstance(each, jax.Array))


def _replaced(made: Any, returned: jax.Array) -> Any:
    """Return what a call has made, with ``returned`` for its first array."""
    if isinstance(made, tuple) and len(made) == 2:
        return made[0], returned
    return returned if isinstance(made, jax.Array) else made
