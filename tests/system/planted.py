"""TensorFlow with one thing planted that is not the job: which one, the seed says.

``python -m tests.system.planted`` is a runner on it.
"""

import sys
from dataclasses import replace

import numpy as np
from twinrun.contract.optimizers import Adam, Optimizer, Sgd

from services.frameworks import FRAMEWORKS, Framework
from services.model import order
from services.trial import matched


def environment():
    from services import tensorflow  # noqa: PLC0415 - tests read PLANTS where there is none

    return tensorflow.environment()


_undone = []  # what puts back what a plant of an earlier job of this process has changed


def change(where, name, value):
    """Until the next job: jobs of one command share a process."""
    original = getattr(where, name)
    _undone.append(lambda: setattr(where, name, original))
    setattr(where, name, value)


def one_weight(spec, data, weights):
    kernel = weights["layers.1.kernel"].copy()
    kernel[5, 3] += 1e-6
    return spec, data, {**weights, "layers.1.kernel": kernel}


def epsilon(spec, data, weights):
    return replace(spec, optimizer=Optimizer(Adam(epsilon=1e-7))), data, weights


def momentum(spec, data, weights):
    return replace(spec, optimizer=Optimizer(Sgd(momentum=0.900001), 0.01)), data, weights


def one_label(spec, data, weights):
    labels = data.train_labels.copy()
    sample = order.permutation(spec.seed, 0, len(labels))[
        spec.batch_size + 5
    ]  # in the second batch
    labels[sample] = (labels[sample] + 1) % 10
    return spec, replace(data, train_labels=labels), weights


def float32_data(spec, data, weights):
    rounded = data.train_images.astype(np.float32).astype(data.train_images.dtype)
    return spec, replace(data, train_images=rounded), weights


def as_it_is(spec, data, weights):
    return spec, data, weights


def swapped(chunks):
    chunk = chunks[0].copy()
    chunk[2, [0, 1]] = chunk[2, [1, 0]]
    return [chunk, *chunks[1:]]


def without_last(chunks):
    return chunks[:-1]


def in_timed_precision_alone(function, factor):
    """What it returns, or the first of several, times ``factor`` in float32."""
    from services.tensorflow.layers.norms import batch_norm  # noqa: PLC0415 - as above
    from services.tensorflow.layers.products import dense  # noqa: PLC0415 - as above

    module, name = (batch_norm, "by_batch") if function == "by_batch" else (dense, "computed")
    original = getattr(module, name)

    def planted(*given, **named):
        found = original(*given, **named)
        first = found[0] if isinstance(found, tuple) else found
        if first.dtype.name != "float32":
            return found
        return (first * factor, *found[1:]) if isinstance(found, tuple) else first * factor

    change(module, name, planted)


def batch_norm_in_float32(spec, data, weights):
    in_timed_precision_alone("by_batch", 1.01)
    return spec, data, weights


def products_in_float32(spec, data, weights):
    in_timed_precision_alone("dense", 1.0001)
    return spec, data, weights


def rounded_products(spec, data, weights):
    in_timed_precision_alone("dense", 1.05)
    return spec, data, weights


def steps_without_details(spec, data, weights):
    """A step is half as long again where nobody asks for its details."""
    from services.tensorflow.eager_steps import EagerSteps  # noqa: PLC0415 - as above

    original = EagerSteps._step_on

    def planted(self, *given):
        *first, plan = given
        longer = plan if self._spec.report_step_details else plan * [1.5, 1.0, 1.0]
        return original(self, *first, longer)

    change(EagerSteps, "_step_on", planted)
    return spec, data, weights


def moving_statistics(spec, data, weights):
    from services.tensorflow.layers.norms import batch_norm  # noqa: PLC0415 - as above

    original = batch_norm.keep
    change(
        batch_norm,
        "keep",
        lambda layers, kept, found: original(layers, kept, [1.5 * each for each in found]),
    )
    return spec, data, weights


def evaluation_epsilon(spec, data, weights):
    from services.tensorflow.layers.norms import batch_norm  # noqa: PLC0415 - as above

    original = batch_norm.by_moving

    def planted(layer, *given, **named):
        return original(replace(layer, epsilon=3 * layer.epsilon), *given, **named)

    change(batch_norm, "by_moving", planted)
    return spec, data, weights


def no_update(spec, data, weights):
    from services.tensorflow import optimizers  # noqa: PLC0415 - as above

    for name in ("update", "update_plainly"):
        change(optimizers, name, lambda *_: None)
    return spec, data, weights


def unseeded_dropout(spec, data, weights):
    from services.tensorflow.layers.elementwise import dropout  # noqa: PLC0415 - as above

    original, tf = dropout.computed, dropout.tf
    generator = np.random.default_rng()

    def planted(layer, x, given):
        if not isinstance(given, dropout.Training):
            return original(layer, x, given)
        noise = tf.random.uniform(tf.shape(x), 0, 1, x.dtype)
        return original(layer, x, given) * tf.cast(noise < 0.9, x.dtype)

    change(dropout, "computed", planted)
    tf.random.set_seed(int(generator.integers(2**31)))
    return spec, data, weights


def total(slip):
    """Residuals return what ``slip`` makes of the layers' output and the shortcut's."""

    def plant(spec, data, weights):
        from services.tensorflow import model  # noqa: PLC0415 - as above

        change(model.Computed, "total", lambda _, __, made, shortcut: slip(made, shortcut))
        return spec, data, weights

    return plant


def branches_swapped(spec, data, weights):
    from services.tensorflow import model  # noqa: PLC0415 - as above

    original = model.Computed.beside
    change(model.Computed, "beside", lambda *given: original(*given[:2], given[2][::-1]))
    return spec, data, weights


def sum_before_activation(spec, data, weights):
    """The last activation of a residual's layers comes after the sum."""
    from services.tensorflow import model  # noqa: PLC0415 - as above

    run, add = model.Computed.run, model.Computed.total

    def without_last(self, leaves, x):
        inside = leaves[-1][0][-2:-1] == (("layers", "residual.layers"),)
        self.put_off = leaves[-1][1]
        return run(self, leaves[:-1] if inside else leaves, x)

    def then_activated(self, place, made, shortcut):
        return run(self, [(place, self.put_off)], add(self, place, made, shortcut))

    change(model.Computed, "run", without_last)
    change(model.Computed, "total", then_activated)
    return spec, data, weights


_FIRST, _SECOND = "layers.4.0.", "layers.4.1."  # repetitions


def repetitions_share(spec, data, weights):
    """The second repetition computes with the first one's parameters."""
    from services.tensorflow import model  # noqa: PLC0415 - as above

    original = model.training_logits
    names = matched.trained(spec, data.train_images.shape[1:])

    def planted(spec, parameters, *rest, **named):
        held = dict(zip(names, parameters, strict=True))
        shared = [
            held[name.replace(_SECOND, _FIRST)] + 0 * array if _SECOND in name else array
            for name, array in held.items()
        ]
        return original(spec, shared, *rest, **named)

    change(model, "training_logits", planted)
    return spec, data, weights


# By seed: what becomes of the trainer's arguments, and of an epoch's batches.
PLANTS = {
    "nothing": (as_it_is, list),
    "one weight off by 1e-6": (one_weight, list),
    "two samples swapped in one batch": (as_it_is, swapped),
    "epsilon 1e-7": (epsilon, list),
    "momentum 0.900001": (momentum, list),
    "one label wrong": (one_label, list),
    "last batch dropped": (as_it_is, without_last),
    "data normalised in float32": (float32_data, list),
    "moving statistics x1.5": (moving_statistics, list),
    "the evaluation's epsilon x3": (evaluation_epsilon, list),
    "no update at all": (no_update, list),
    "a dropout that nobody seeded": (unseeded_dropout, list),
    "batch norm x1.01 in float32": (batch_norm_in_float32, list),
    "dense products x1.0001 in float32": (products_in_float32, list),
    "dense products x1.05 in bfloat16": (rounded_products, list),
    "longer steps without details": (steps_without_details, list),
    "residual: the shortcut dropped": (total(lambda made, _: made), list),
    "residual: the shortcut added twice": (total(lambda made, added: made + 2 * added), list),
    "residual: the sum before the activation": (sum_before_activation, list),
    "concat: the branches swapped": (branches_swapped, list),
    "repeat: parameters shared": (repetitions_share, list),
}


def Trainer(spec, data, weights):  # noqa: N802 - called as the class is
    from services import tensorflow  # noqa: PLC0415 - as above

    while _undone:
        _undone.pop()()
    arguments, batches = list(PLANTS.values())[spec.seed]
    original = matched.epoch_chunks
    change(matched, "epoch_chunks", lambda *given: batches(original(*given)))
    return tensorflow.Trainer(*arguments(spec, data, weights))


if __name__ == "__main__":
    from tests.system import warm

    FRAMEWORKS["tensorflow"] = Framework("tests.system.planted", "tensorflow", 0)
    sys.exit(warm.serve())
