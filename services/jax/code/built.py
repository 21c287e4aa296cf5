"""The user's module: built, checked, taken apart, and called as its users would."""

import inspect
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx
from twinrun.contract.enums import MIXED, CodeLayout, Device, Precision, Recipe
from twinrun.contract.spec import JobSpec

from services.errors import CodeFailed, TwinrunError, Unsupported
from services.jax.code import patches
from services.jax.code.convolutions import convolved
from services.jax.code.recording import Instead, Recording
from services.model.weights import parameter_dtype
from services.trial import code
from services.trial.code import Build, failed

FRAMEWORK = "jax"
Leaves = list[Any]  # all arrays of a model, in one order
# What a model's call may take to know whether it trains; what of it is true then.
_TRAINS = {"train": True, "training": True, "is_training": True, "deterministic": False}
_TRAINS |= {"use_running_average": False}
_NORMS = (nnx.BatchNorm, nnx.LayerNorm, nnx.GroupNorm, nnx.RMSNorm, nnx.InstanceNorm)


@dataclass(frozen=True, slots=True, eq=False)
class Ran:
    """What a call made: its logits, and all arrays after it."""

    logits: jax.Array
    leaves: Leaves


class Built:
    """The module that ``build`` returns, for inputs as datasets lay them out.

    In the idiomatic recipe nothing of it is replaced but its precision.
    It raises CodeFailed for what is not a model, Unsupported for what Twinrun cannot control.
    """

    def __init__(self, spec: JobSpec, build: Build) -> None:
        if spec.precision in MIXED:
            raise Unsupported(
                f"precision is {spec.precision}, but where a model of code rounds to it is each "
                "framework's own affair; use float32 or float64",
                field="precision",
            )
        self._spec, self._matched = spec, spec.recipe is Recipe.MATCHED
        self._precise = spec.precision is Precision.FLOAT64
        self.source = code.source(spec, FRAMEWORK)
        self.file = PurePath(self.source.file).name
        self.passes = spec.code is not None and spec.code.without_dropout
        if self.passes and not self._matched:
            raise Unsupported(
                "without_dropout is for the matched recipe: Flax's users run the model as it is",
                field="code.without_dropout",
            )
        with patches.building(precise=self._precise), ExitStack() as stack:
            stack.enter_context(code.offered(rngs=lambda: nnx.Rngs(spec.seed)))
            module = build()
        if not isinstance(module, nnx.Module):
            raise CodeFailed(
                f"{self.source.function} of {self.file} returned a {type(module).__name__}, and a "
                "flax.nnx.Module is needed.",
                framework=FRAMEWORK,
                file=self.file,
            )
        self._take_apart(module)

    def _take_apart(self, module: nnx.Module) -> None:
        modules = [each for _, each in nnx.iter_modules(module)]
        self.notes = [*code.notes(self._spec, FRAMEWORK)]
        for path, each in nnx.iter_modules(module):
            self._prepare(".".join(map(str, path)), each)
        self._users = list(dict.fromkeys(type(each) for each in modules))
        self._graphs = {}
        for training in (False, True):
            module.train() if training else module.eval()
            self._graphs[training], state = nnx.split(module)
        self.notes += _of_few_bits(state)
        leaves, self._tree = jax.tree.flatten(state)
        dtype = parameter_dtype(self._spec.precision)
        self.leaves: Leaves = [
            jnp.asarray(leaf, dtype) if _is_real(leaf) and leaf.dtype != dtype else leaf
            for leaf in leaves
        ]
        self._options = self._of_call(module)

    def _prepare(self, path: str, module: nnx.Module) -> None:
        """Have a module of Flax compute in the job's precision, and note one that does not.

        A matched job's norms and convolutions compute in a way that loses no digits and no time.
        """
        dtype = parameter_dtype(self._spec.precision)
        for name in ("dtype", "param_dtype"):  # of the latter, cells make their first carry
            own = getattr(module, name, None)
            if own is not None and self._precise and jnp.dtype(own) == jnp.float32:
                setattr(module, name, jnp.float64)  # as a table has it, which takes its array's
            elif own is not None and name == "dtype" and jnp.dtype(own) != dtype:
                kind = jnp.dtype(own)
                self.notes.append(f"{path} computes in {kind}, though the job is in {dtype}.")
        if self._matched and isinstance(module, _NORMS):
            module.use_fast_variance = False  # which loses digits where a mean is large
        on_cpu = self._spec.device is Device.CPU
        if (
            on_cpu
            and self._matched
            and isinstance(module, nnx.Conv)
            and (module.conv_general_dilated is jax.lax.conv_general_dilated)
        ):
            module.conv_general_dilated = convolved

    def _of_call(self, module: nnx.Module) -> Mapping[bool, Mapping[str, Any]]:
        """Return what a call is given by name, in evaluation and in training."""
        names = inspect.signature(type(module).__call__).parameters
        return {
            training: {name: value is training for name, value in _TRAINS.items() if name in names}
            for training in (False, True)
        }

    def run(
        self,
        leaves: Sequence[Any],
        inputs: jax.Array,
        watcher: patches.Watcher,
        *,
        training: bool,
    ) -> Ran:
        """Call the model of these arrays with ``inputs`` as the dataset lays them out."""
        module = self.merged(leaves, training=training)
        return self._ran(module, inputs, watcher, training=training)

    def recorded(
        self,
        leaves: Sequence[Any],
        inputs: jax.Array,
        instead: Instead = lambda _, made: made,
        masks: Any = lambda *_: None,
    ) -> tuple[Ran, Recording]:
        """Follow one call in training; ``instead`` and ``masks`` as in `Recording`."""
        module = self.merged(leaves, training=True)
        paths = {id(each): ".".join(map(str, path)) for path, each in nnx.iter_modules(module)}
        recording = Recording(paths, len(inputs), instead, masks)
        ran = self._ran(module, inputs, recording, training=True)
        return ran, recording

    def followed(self, inputs: jax.Array) -> Recording:
        """Follow a call in training without computing anything."""
        found: list[Recording] = []

        def call(leaves: Leaves) -> jax.Array:
            ran, recording = self.recorded(leaves, inputs)
            found.append(recording)
            return ran.logits

        jax.eval_shape(call, self.leaves)
        return found[0]

    def merged(self, leaves: Sequence[Any], *, training: bool) -> nnx.Module:
        state = jax.tree.unflatten(self._tree, leaves)
        made: nnx.Module = nnx.merge(self._graphs[training], state)
        return made

    def _ran(
        self, module: nnx.Module, inputs: jax.Array, watcher: patches.Watcher, *, training: bool
    ) -> Ran:
        watcher = patches.Passing(watcher) if self.passes else watcher
        with patches.watched(watcher, self._users, precise=self._precise):
            made = self._called(module, inputs, self._spec.seed, training=training)
        graph, state = nnx.split(module)
        after, tree = jax.tree.flatten(state)
        if tree == self._tree and graph != self._graphs[training]:
            raise CodeFailed(
                f"The model of {code.named(self.source)} of {FRAMEWORK} changes in a call what is "
                "no array, such as a number that counts its calls; hold it in an nnx.Variable.",
                framework=FRAMEWORK,
                file=self.file,
            )
        if tree != self._tree:
            raise CodeFailed(
                f"The model of {code.named(self.source)} of {FRAMEWORK} has other arrays after a "
                "call than before; make all of them where the model is built.",
                framework=FRAMEWORK,
                file=self.file,
            )
        return Ran(self._logits(made, len(inputs)), after)

    def logits_of_users(
        self, module: nnx.Module, inputs: jax.Array, draws: jax.Array | None, *, training: bool
    ) -> jax.Array:
        """Return the logits of ``module`` with nothing replaced; ``draws``: the key of its call."""
        given = self._spec.seed if draws is None else draws
        made = self._called(module, inputs, given, training=training)
        return self._logits(made, len(inputs))

    def _called(
        self, module: nnx.Module, inputs: jax.Array, draws: int | jax.Array, *, training: bool
    ) -> object:
        """Call the user's module, which keeps nothing that it sows."""
        given = dict(self._options[training])
        if "rngs" in inspect.signature(type(module).__call__).parameters:
            given["rngs"] = nnx.Rngs(draws)
        try:
            made: object = module(self._laid(inputs), **given)
        except (TwinrunError, MemoryError):
            raise
        except (Exception, SystemExit) as error:
            raise failed(error, self.file, FRAMEWORK) from error
        nnx.pop(module, nnx.Intermediate)
        return made

    def _laid(self, inputs: jax.Array) -> jax.Array:
        """Lay inputs [batch, ..., channels] out as the model takes them."""
        first = self.source.layout is CodeLayout.CHANNELS_FIRST and inputs.ndim > 2
        return jnp.moveaxis(inputs, -1, 1) if first else inputs

    def _logits(self, made: object, samples: int) -> jax.Array:
        """Return the output that the source names; by default the first. Raises CodeFailed."""
        wanted = self.source.output
        found: object = None if wanted else made
        if isinstance(made, Mapping):
            named = {str(name): output for name, output in made.items()}
            found = named.get(wanted or next(iter(named), ""))
        elif isinstance(made, list | tuple):
            numbered = {str(number): output for number, output in enumerate(made)}
            found = numbered.get(wanted or "0", getattr(made, wanted, None) if wanted else None)
        if not isinstance(found, jax.Array):
            raise code.no_tensor(self._spec, FRAMEWORK, made, found)
        code.require_logits(self._spec, FRAMEWORK, tuple(found.shape), samples)
        return found


def _of_few_bits(state: nnx.State) -> Iterator[str]:
    """Note what the code has in fewer bits than any job that trains it."""
    for way, leaf in jax.tree_util.tree_leaves_with_path(state):
        if _is_real(leaf) and leaf.nbytes < 4 * leaf.size:
            name = jax.tree_util.keystr(way, simple=True, separator=".").removesuffix(".value")
            yield f"{name} is {leaf.dtype} in the code, and has the job's precision here."


def _is_real(leaf: Any) -> bool:
    return hasattr(leaf, "dtype") and jnp.issubdtype(leaf.dtype, jnp.floating)
