"""What a trace of a user's Keras model notes: what the job does not control, or does not use."""

import pytest

from tests.frameworks.code_models import sequential

pytestmark = pytest.mark.usefixtures("only_in_tensorflow")


def test_what_is_random_and_not_dropout_is_found(trace):
    text = """
class Noisy(layers.Layer):
    def call(self, x):
        return x + keras.random.normal(ops.shape(x))
""" + sequential("Noisy()")
    (note,) = trace(text).model.notes
    assert note.startswith("The same batch gives different outputs")


def test_a_softmax_at_the_end_is_told(trace):
    text = sequential("layers.Flatten()", after='layers.Dense(5, activation="softmax")')
    (note,) = trace(text).model.notes
    assert note.startswith("The model ends in a softmax")


OWN_STEP = """
class Net(keras.Model):
    def __init__(self):
        super().__init__()
        self.flat, self.last = layers.Flatten(), layers.Dense(5)

    def call(self, x):
        return self.last(self.flat(x))

    def {name}(self, *given, **named):
        raise RuntimeError


def build():
    return Net()
"""


@pytest.mark.parametrize("own", ["train_step", "compute_loss"])
def test_a_step_of_the_models_own_is_named_for_it_is_not_taken(trace, own):
    (note,) = trace(OWN_STEP.format(name=own)).model.notes
    assert note.startswith(f"The model has its own {own}, which is not used")
