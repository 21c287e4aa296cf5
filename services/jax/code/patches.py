"""What a model of code finds replaced in Flax and JAX while it is built or runs, and only then.

Layers and the functions that are layers for people tell a `Watcher` of their calls; random numbers
of dropout give way to its masks; what JAX computes in float32 whatever it is given, to float64.
"""

import contextlib
import functools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen, nnx
from flax.nnx.nn import attention

Arguments = tuple[Any, ...]
Named = Mapping[str, Any]


class Watcher:
    """What is told of a model's calls; this one changes nothing, and lets all values through."""

    def call(
        self, module: nnx.Module, run: Callable[..., Any], args: Arguments, named: Named
    ) -> Any:
        """Return what a layer's call returns."""
        return run(module, *args, **named)

    def function(self, name: str, run: Callable[..., Any], args: Arguments, named: Named) -> Any:
        """Return what the call of a function returns that is a layer for people."""
        del name
        return run(*args, **named)

    def mask(self, x: jax.Array, rate: float, shape: tuple[int, ...]) -> jax.Array | None:
        """Return which values of ``x`` are kept, in a ``shape`` that fits it; None: all are."""
        del x, rate, shape
        return None


class Passing(Watcher):
    """Tells another of all calls, and lets all values through."""

    def __init__(self, told: Watcher) -> None:
        self._told = told

    def call(
        self, module: nnx.Module, run: Callable[..., Any], args: Arguments, named: Named
    ) -> Any:
        return self._told.call(module, run, args, named)

    def function(self, name: str, run: Callable[..., Any], args: Arguments, named: Named) -> Any:
        return self._told.function(name, run, args, named)


# Modules of Flax that are one layer for people, whatever they consist of.
LAYERS: tuple[type[nnx.Module], ...] = (
    *(nnx.Linear, nnx.LinearGeneral, nnx.Einsum, nnx.Conv, nnx.ConvTranspose, nnx.Embed),
    *(nnx.BatchNorm, nnx.LayerNorm, nnx.GroupNorm, nnx.RMSNorm, nnx.InstanceNorm),
    *(nnx.MultiHeadAttention, nnx.RNN, nnx.Bidirectional, nnx.Dropout, nnx.PReLU),
    *(nnx.LSTMCell, nnx.OptimizedLSTMCell, nnx.GRUCell, nnx.SimpleCell),
    *(nnx.WeightNorm, nnx.SpectralNorm, nnx.LoRA, nnx.LoRALinear),
)
_ACTIVATIONS = (
    *("relu", "relu6", "gelu", "silu", "swish", "elu", "selu", "celu", "leaky_relu", "softplus"),
    *("sigmoid", "tanh", "softmax", "log_softmax", "hard_sigmoid", "hard_silu", "hard_swish"),
    *("hard_tanh", "soft_sign", "mish"),
)
_POOLS = ("max_pool", "avg_pool")
_REDUCTIONS = ("mean", "max")
_watching: list[Watcher] = []
_precise: list[bool] = []


def _watched(name: str, run: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(run)
    def call(*args: Any, **named: Any) -> Any:
        return _watching[-1].function(name, run, args, named) if _watching else run(*args, **named)

    return call


def _of_functions() -> Iterator[tuple[Any, str, Callable[..., Any]]]:
    for names, owners in (
        (_ACTIVATIONS, (jax.nn, nnx, linen, jnp)),
        (_POOLS, (nnx, linen)),
        (_REDUCTIONS, (jnp,)),
    ):
        for name in names:
            # One for all places, so that what holds it is the same from wherever it comes.
            made: dict[int, Callable[..., Any]] = {}
            for owner in owners:
                run = getattr(owner, name, None)
                if run is not None:
                    yield owner, name, made.setdefault(id(run), _watched(name, run))


def _attended(
    query: jax.Array,
    key: jax.Array,
    value: jax.Array,
    bias: jax.Array | None = None,
    mask: jax.Array | None = None,
    *,
    scale: float | None = None,
    is_causal: bool = False,
    **others: Any,
) -> jax.Array:
    """Attend as `jax.nn.dot_product_attention`, whose softmax is in float32."""
    query, key, value = map(jnp.asarray, (query, key, value))
    if not (_precise and _precise[-1]) or query.dtype != jnp.float64 or query.ndim != 4:
        whole: jax.Array = _ATTENTION(
            *(query, key, value, bias, mask), scale=scale, is_causal=is_causal, **others
        )
        return whole
    if set_ := [name for name, given in others.items() if given is not None]:
        raise NotImplementedError(f"{', '.join(set_)} of dot_product_attention in float64")
    key, value = (jnp.repeat(each, query.shape[2] // each.shape[2], 2) for each in (key, value))
    logits = jnp.einsum("btnh,bsnh->bnts", query, key)
    logits = logits * (1 / math.sqrt(query.shape[-1]) if scale is None else scale)
    logits = logits if bias is None else logits + bias
    hidden = -0.7 * float(jnp.finfo(logits.dtype).max)
    if is_causal:
        seen = jnp.tril(jnp.ones(logits.shape[-2:], bool))
        logits = jnp.where(seen, logits, hidden)
    if mask is not None:
        logits = jnp.where(mask, logits, hidden)
    made: jax.Array = jnp.einsum("bnts,bsnh->btnh", jax.nn.softmax(logits), value)
    return made


_ATTENTION = jax.nn.dot_product_attention
_FUNCTIONS = [*_of_functions(), (jax.nn, "dot_product_attention", _attended)]


def _bernoulli(_: object, keep: float = 0.5, shape: Sequence[int] = (), **__: object) -> jax.Array:
    """Draw the mask of attention, which Flax multiplies by 1 / keep."""
    shape, rate = tuple(shape), round(1 - keep, 12)  # Flax has made 0.9 of 0.1
    found = _watching[-1].mask(jnp.zeros(shape), rate, shape)
    return jnp.full(shape, keep) if found is None else found


def _dropped(
    layer: nnx.Dropout, inputs: jax.Array, *, deterministic: bool | None = None, rngs: object = None
) -> jax.Array:
    """Drop as `nnx.Dropout`, by the watcher's mask."""
    del rngs
    off = layer.deterministic if deterministic is None else deterministic
    if layer.rate == 0 or off:
        return inputs
    shape = list(inputs.shape)
    for axis in layer.broadcast_dims:
        shape[axis] = 1
    kept = _watching[-1].mask(inputs, layer.rate, tuple(shape))
    if kept is None:
        return inputs
    rate = layer.rate
    return inputs * (kept.astype(inputs.dtype) * (1 / (1 - rate) if rate < 1 else 0.0))


def _embedded(run: Callable[..., Any]) -> Callable[..., Any]:
    """Return what takes codes that are numbers of the job's precision, as the data have them."""

    @functools.wraps(run)
    def call(layer: nnx.Embed, inputs: jax.Array, *args: Any, **named: Any) -> Any:
        inputs = jnp.asarray(inputs)
        if jnp.issubdtype(inputs.dtype, jnp.floating):
            inputs = inputs.astype(jnp.int32)
        return run(layer, inputs, *args, **named)

    return call


def _called(run: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(run)
    def call(module: nnx.Module, *args: Any, **named: Any) -> Any:
        if not _watching:
            return run(module, *args, **named)
        return _watching[-1].call(module, run, args, named)

    return call


_OWN_CALLS = {
    nnx.Dropout: _called(_dropped),
    nnx.Embed: _called(_embedded(nnx.Embed.__call__)),
}
_CALLS = {cls: _OWN_CALLS.get(cls, _called(vars(cls)["__call__"])) for cls in LAYERS}


@contextlib.contextmanager
def building(*, precise: bool) -> Iterator[None]:
    """Enter what the user's file is imported in, since it keeps the functions that it finds.

    ``precise``: in float64; otherwise 64-bit numbers are off, as they are for JAX's users.
    """
    with contextlib.ExitStack() as stack:
        if not precise:
            stack.enter_context(jax.enable_x64(False))
        for owner, name, new in _FUNCTIONS:
            stack.enter_context(_replaced(owner, name, new))
        yield


@contextlib.contextmanager
def watched(watcher: Watcher, users: Sequence[type], *, precise: bool) -> Iterator[None]:
    """Enter it with everything replaced; ``users``: the classes of the user's own modules."""
    with building(precise=precise), contextlib.ExitStack() as stack:
        for cls, call in _CALLS.items():
            stack.enter_context(_replaced(cls, "__call__", call))
        for cls in _defining(users):
            stack.enter_context(_replaced(cls, "__call__", _called(vars(cls)["__call__"])))
        shim = SimpleNamespace(bernoulli=_bernoulli)
        stack.enter_context(_replaced(attention, "random", shim))
        _watching.append(watcher)
        _precise.append(precise)
        try:
            yield
        finally:
            _watching.pop()
            _precise.pop()


def defining(cls: type) -> type | None:
    """Return the class whose ``__call__`` a class has; None: it has none."""
    return next((each for each in cls.__mro__ if "__call__" in vars(each)), None)


def _defining(users: Sequence[type]) -> list[type]:
    found = dict.fromkeys(each for cls in users for each in cls.__mro__ if "__call__" in vars(each))
    return [cls for cls in found if cls not in _CALLS]


@contextlib.contextmanager
def _replaced(owner: Any, name: str, new: Any) -> Iterator[None]:
    old = getattr(owner, name)
    setattr(owner, name, new)
    try:
        yield
    finally:
        setattr(owner, name, old)
