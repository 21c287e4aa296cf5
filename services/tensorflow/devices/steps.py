"""Steps in one call for a chunk, a graph in which each step runs on all devices at once."""

import functools
from collections.abc import Sequence

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from twinrun.contract.group import ALONE, Group
from twinrun.contract.spec import JobSpec

from services.model.optimizers import Plan
from services.model.weights import parameter_dtype
from services.tensorflow import device
from services.tensorflow.devices import together
from services.tensorflow.devices.replica import Measured, Replica
from services.tensorflow.eager_steps import Drawn
from services.tensorflow.model import LayersModel
from services.trial import chunks, matched
from services.trial.chunks import Chunk

# A device's share of a chunk: sample indices, draws, what the share and each sample count, numbers.
Given = tuple[tf.Tensor, Drawn, tf.Tensor, tf.Tensor, tf.Tensor]


@functools.cache
def _strategy(names: tuple[str, ...]) -> tf.distribute.Strategy:
    """Return the devices' strategy, of which a process has one.

    Two have the same numbers for their collective operations. On a CPU it has none of these, but
    adds up on the first device, in order.
    """
    on_cpu = names[0].startswith("/CPU")
    adds = tf.distribute.ReductionToOneDevice() if on_cpu else None
    return tf.distribute.MirroredStrategy(names, adds)


class MirroredSteps:
    """Trains all of ``models`` alike, in place, each on its device, by MirroredStrategy.

    Every device has all samples, and takes those of its share. Those of the other machines of
    ``group`` do the same in other processes; the measurements are of all.
    """

    def __init__(
        self,
        spec: JobSpec,
        models: Sequence[LayersModel],
        images: tf.Tensor,
        labels: tf.Tensor,
        group: Group = ALONE,
    ) -> None:
        self._spec, self._shape, self._sites = spec, tuple(images.shape), models[0].sites
        self._names = device.names(group.own(spec))
        self.places = range(group.first(spec), group.first(spec) + len(self._names))
        self._dtype = parameter_dtype(spec.precision)
        self._replicas = list[Replica]()
        totals: list[together.Total | None] = [None] * (len(models) + 1)
        if group.machines > 1:
            totals = [together.total(group.machines, n) for n in range(len(totals))]
        *own, self._total = totals  # the last one is of what is measured
        for name, model, total in zip(self._names, models, own, strict=True):
            with tf.device(name):
                copies = tf.identity(images), tf.identity(labels)
                self._replicas.append(Replica(spec, model, *copies, total))
        self._strategy = _strategy(tuple(self._names))
        blank = chunks.blank(spec, self._shape, 1, 1, self._sites).drawn
        drawn = {
            name: tf.TensorSpec([None, None, *array.shape[2:]], array.dtype)
            for name, array in blank.items()
        }
        counted = tf.TensorSpec([], self._dtype), tf.TensorSpec([None], self._dtype)
        numbers = tf.TensorSpec([None, len(Plan._fields)], self._dtype)
        share = (tf.TensorSpec([None, None], tf.int32), drawn, *counted, numbers)
        self._chunk = tf.function(self._loop, [[share] * len(models)], autograph=False)

    def run(self, shares: Sequence[Chunk]) -> tf.Tensor:
        """Run the steps of a chunk, of which each device has its share.

        Return the whole steps' measurements, as `services.trial.matched.steps_taken` expects.
        """
        plan = self._replicas[0].plan(len(shares[0]))
        given = []
        for name, share in zip(self._names, shares, strict=True):
            with tf.device(name):
                given.append(self._put(share, plan))
        return self._chunk(given)

    def advance(self, steps: int) -> None:
        """Advance as `services.trial.trainer.Trainer.advance`."""
        self._replicas[0].advance(steps)

    def warm_up(self, shapes: Sequence[tuple[int, int]]) -> None:
        """Run a few steps of each of ``shapes``, and restore the previous state."""
        variables = [variable for each in self._replicas for variable in each.variables()]
        values = [tf.identity(variable) for variable in variables]
        for steps, batch in shapes:
            few = min(steps, matched.WARM_UP_STEPS)
            given = (self._spec, self._shape, few, batch, self._sites)
            self.run([chunks.blank(*given, device=place) for place in self.places])
        for variable, value in zip(variables, values, strict=True):
            variable.assign(value)
        self.advance(0)

    def _put(self, share: Chunk, plan: NDArray[np.floating]) -> Given:
        if share.share is None:
            raise AssertionError(share)
        drawn = {name: tf.constant(array) for name, array in share.drawn.items()}
        weight = tf.constant(share.share.weight, self._dtype)
        places = tf.constant(share.share.places, self._dtype)
        return tf.constant(share.indices), drawn, weight, places, tf.constant(plan)

    def _loop(self, shares: Sequence[Given]) -> tf.Tensor:
        """Run the steps of a chunk."""
        steps = tf.shape(shares[0][-1])[0]
        measured = tf.TensorArray(self._dtype, steps)
        moved = []
        for name, (indices, *rest) in zip(self._names, shares, strict=True):
            with tf.device(name):  # onto a GPU: int32 stays on the host
                moved.append((tf.cast(indices, tf.int64), *rest))

        def body(i: tf.Tensor, measured: tf.TensorArray) -> tuple[tf.Tensor, tf.TensorArray]:
            found = self._strategy.run(functools.partial(self._share, moved, i))
            sums, norms = map(self._strategy.experimental_local_results, found)
            found = tf.add_n(sums)
            if self._total is not None:
                with tf.device(self._names[0]):
                    found = self._total(found)
            return i + 1, measured.write(i, tf.concat([found, norms[0]], 0))

        found = tf.while_loop(lambda i, _: i < steps, body, (0, measured))[1].stack()
        return found if self._spec.report_step_details else found[:, 0]

    def _share(self, shares: Sequence[Given], i: tf.Tensor) -> Measured:
        """Run step ``i`` of a device's share; called on each of them."""
        context = tf.distribute.get_replica_context()
        place = int(tf.get_static_value(context.replica_id_in_sync_group))
        indices, drawn, weight, places, plan = shares[place]
        numbers = {name: array[i] for name, array in drawn.items()}
        return self._replicas[place].share(indices[i], numbers, plan[i], weight, places)
