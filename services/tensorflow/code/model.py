"""A model of the user's code: built, set to values by canonical names, and run."""

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import PurePath
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from twinrun.contract.enums import MIXED, CodeLayout, Recipe
from twinrun.contract.spec import JobSpec

from services.errors import CodeFailed, TwinrunError, Unsupported
from services.model import sites
from services.model.weights import Weights
from services.tensorflow.code import patches, record, views
from services.tensorflow.code.layout import Layout
from services.tensorflow.code.record import Call, Recording, replay
from services.tensorflow.code.views import Tensor, View
from services.tensorflow.model import in_parts
from services.trial import code
from services.trial.code import Build, failed

_FRAMEWORK = "tensorflow"


class Built:
    """The user's model, and Keras as it finds it."""

    def __init__(self, spec: JobSpec, build: Build) -> None:
        self._spec, self._seed = spec, spec.seed
        self._matched = spec.recipe is Recipe.MATCHED
        self.source = code.source(spec, _FRAMEWORK)
        self.file = PurePath(self.source.file).name
        self._world = patches.World(spec)
        try:
            model = self._made(build)
        except Exception:
            if not self._world.widens:
                raise
            self._world = patches.World(spec, widens=False)  # it may mix what it casts with others
            model = self._made(build)
        if not isinstance(model, keras.Model):
            raise CodeFailed(
                f"{self.source.function} of {self.file} returns a {type(model).__name__}, "
                "not a keras.Model.",
                framework=_FRAMEWORK,
                file=self.file,
            )
        self.keras = model
        self._first = self.source.layout is CodeLayout.CHANNELS_FIRST

    def _made(self, build: Build) -> object:
        with self._world.matched(patches.untouched) if self._matched else self._world.idiomatic():
            keras.utils.set_random_seed(self._spec.seed)
            return build()

    def whole(self, shape: tuple[int, ...]) -> keras.Model:
        """Return a model from samples of ``shape``, as the dataset lays them out, to the logits."""
        first = self._first and len(shape) > 1
        if not first and self._single:
            return self.keras
        with self._world.idiomatic():
            inputs = keras.Input(shape)
            laid = (
                keras.layers.Permute((len(shape), *range(1, len(shape))))(inputs)
                if first
                else inputs
            )
            return keras.Model(inputs, self.chosen(self.keras(laid)))

    def laid(self, inputs: tf.Tensor) -> tf.Tensor:
        """Return inputs as the model takes them, from [batch, h, w, c] or [batch, ...]."""
        first = self._first and inputs.shape.rank > 2
        return Layout(first=first).own(inputs)

    def recorded(
        self, inputs: tf.Tensor, instead: Callable[[Call], tf.Tensor | None] = lambda _: None
    ) -> tuple[tf.Tensor, Recording]:
        """Call it op by op in training, as in a job's first step, and return its logits.

        ``inputs`` are as the model takes them; ``instead``: as in `Recording`. Moving statistics
        move.
        """
        recording = Recording(self._seed, int(inputs.shape[0]), instead)
        recording.start(inputs, Layout(first=self._first and inputs.shape.rank > 2))
        with self._users(), self._world.matched(recording.drop), recording.of_layers():
            outputs = self.keras(inputs, training=True)
            self._single = tf.is_tensor(outputs)
            logits = self._logits(outputs)
        return logits, recording

    def opened(self, inputs: NDArray[np.floating]) -> list[Tensor]:
        """Build all of the model, and return its arrays. Raises Unsupported, CodeFailed."""
        few = inputs[:2]
        try:
            self.logits(tf.constant(few))  # not in training, in which moving statistics move
        except CodeFailed:
            if not self._world.widens:
                raise
            self._world.widens = False
            self.logits(tf.constant(few))
        _, self.recording = self.tried(few)
        self.sites = sites.of_draws(draw.traced for draw in self.recording.draws)
        for variable in self.keras.trainable_variables:
            if variable.constraint is not None and self._matched:
                raise Unsupported(
                    f"{variable.path} has a constraint, which no formula of an optimizer here has",
                    field="code.tensorflow",
                )
        return views.tensors(self.keras, self.recording)

    def tried(self, inputs: NDArray[np.floating]) -> tuple[tf.Tensor, Recording]:
        """Call it as `recorded`, and leave its variables as they are."""
        variables = [*self.keras.variables, *record.beside(self.keras)]
        before = [(variable, variable.numpy()) for variable in variables]
        found = self.recorded(self.laid(tf.constant(inputs)))
        for variable, value in before:
            variable.assign(value)
        return found

    def training_logits(
        self, inputs: tf.Tensor, drawn: Mapping[str, tf.Tensor]
    ) -> tuple[tf.Tensor, list[tf.Tensor]]:
        """Return the logits of a step with ``drawn`` masks, and what the model adds to the loss."""
        drop = replay(self.recording.draws, [drawn[site.name] for site in self.sites])
        with self._users(), self._world.matched(drop):
            logits = self._logits(self.keras(self.laid(inputs), training=True))
            return logits, self.losses()

    def logits(self, inputs: tf.Tensor) -> tf.Tensor:
        """Return the logits of an evaluation."""
        with self._users(), self._world.matched(patches.evaluated):
            return self._logits(self.keras(self.laid(inputs), training=False))

    def losses(self) -> list[tf.Tensor]:
        """Return what the last call adds to the loss: add_loss, and regularizers."""
        return [tf.convert_to_tensor(loss) for loss in self.keras.losses]

    def _logits(self, outputs: object) -> tf.Tensor:
        """Return the output that is the logits."""
        chosen = self.chosen(outputs)
        code.require_logits(self._spec, _FRAMEWORK, tuple(chosen.shape))
        return chosen

    def chosen(self, outputs: object) -> Any:
        """Return the output that the source names; by default the first. Raises CodeFailed."""
        wanted = self.source.output
        found: object = None if wanted else outputs
        if isinstance(outputs, Mapping):
            named = {str(name): output for name, output in outputs.items()}
            found = named.get(wanted or next(iter(named), ""))
        elif isinstance(outputs, list | tuple):
            numbered = {str(number): output for number, output in enumerate(outputs)}
            found = numbered.get(wanted or "0")
        if not (tf.is_tensor(found) or keras.backend.is_keras_tensor(found)):
            raise code.no_tensor(self._spec, _FRAMEWORK, outputs, found)
        return found

    @contextlib.contextmanager
    def _users(self) -> Iterator[None]:
        """Turn what the user's code raises into the error that names it."""
        try:
            yield
        except (TwinrunError, MemoryError, tf.errors.ResourceExhaustedError):
            raise
        except (Exception, SystemExit) as error:
            raise failed(error, self.file, _FRAMEWORK) from error


class CodeModel:
    """A `services.tensorflow.model.Trained`, by the canonical names of the spec's tensors.

    ``images`` [n, ...] of the dataset: the model is called with the first ones, which builds it.
    """

    def __init__(
        self, spec: JobSpec, images: NDArray[np.floating], build: Build, weights: Weights | None
    ) -> None:
        if spec.precision in MIXED:
            raise Unsupported(
                f"precision is {spec.precision}, but where a model of code rounds to it is each "
                "framework's own affair; use float32 or float64",
                field="precision",
            )
        self._spec = spec
        self._built = Built(spec, build)
        if not spec.code or not spec.code.tensors:
            raise CodeFailed("The tensors of the job's code have not been paired.")
        self._views = by_name(spec, self._built.opened(images))
        if weights is not None:
            for name, array in weights.items():
                self._views[name].assign(array)
        trained = [self._views[each.name] for each in code.tensors(spec) if each.trained]
        by_variable = {id(view.variable): view.variable for view in trained}
        self._trained = trained
        self.parameters = [variable.value for variable in by_variable.values()]
        self._position = {variable: place for place, variable in enumerate(by_variable)}
        own = self._built.keras.variables
        self.state = [each.value for each in own if id(each) not in by_variable]
        self.state += record.beside(self._built.keras)
        self.sites = self._built.sites
        self._losses: list[tf.Tensor] = []
        forward = self._forward
        self._forward_step = (
            tf.function(forward, autograph=False, jit_compile=True) if in_parts(spec) else forward
        )

    def training_logits(
        self, inputs: tf.Tensor, drawn: Mapping[str, tf.Tensor]
    ) -> tuple[tf.Tensor, Sequence[tf.Tensor]]:
        logits, self._losses = self._forward_step(inputs, dict(drawn))
        return logits, ()

    def _forward(
        self, inputs: tf.Tensor, drawn: dict[str, tf.Tensor]
    ) -> tuple[tf.Tensor, list[tf.Tensor]]:
        return self._built.training_logits(inputs, drawn)

    def losses(self) -> Sequence[tf.Tensor]:
        return self._losses

    def logits(self, inputs: tf.Tensor) -> tf.Tensor:
        return self._built.logits(inputs)

    def keep(self, statistics: Sequence[tf.Tensor]) -> None:
        """Do nothing: Keras's layers move their statistics when they are called."""

    def norms(self, gradients: Sequence[tf.Tensor | None]) -> list[tf.Tensor]:
        of_views = ((view, gradients[self._position[id(view.variable)]]) for view in self._trained)
        return [
            tf.zeros([], view.variable.dtype) if gradient is None else tf.norm(view.of(gradient))
            for view, gradient in of_views
        ]

    def weights(self) -> Weights:
        return {name: view.numpy() for name, view in self._views.items()}


def by_name(spec: JobSpec, found: Sequence[Tensor]) -> dict[str, View]:
    """Return the view of each of the spec's tensors. Raises as `services.trial.code.by_name`."""
    by_key = {
        tensor.key + suffix: view for tensor in found for suffix, view in tensor.views.items()
    }
    return code.by_name(spec, _FRAMEWORK, by_key)
