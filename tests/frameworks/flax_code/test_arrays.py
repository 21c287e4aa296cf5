"""A Flax module's own arrays as canonical ones, and back: without a program of JAX's."""

import numpy as np
import pytest

pytest.importorskip("services.jax")  # first: it sets 64 bits
nnx = pytest.importorskip("flax.nnx")
views = pytest.importorskip("services.jax.code.views")

RNGS = nnx.Rngs(0)
MODULES = {
    "linear": (nnx.Linear(3, 4, rngs=RNGS), {"kernel": (3, 4), "bias": (4,)}),
    "conv": (nnx.Conv(4, 6, (3, 2), rngs=RNGS), {"kernel": (3, 2, 4, 6), "bias": (6,)}),
    "depthwise": (
        nnx.Conv(4, 8, (3, 3), feature_group_count=4, use_bias=False, rngs=RNGS),
        {"kernel": (3, 3, 4, 2)},
    ),
    "conv_transpose": (
        nnx.ConvTranspose(4, 6, (3, 2), rngs=RNGS),
        {"kernel": (3, 2, 6, 4), "bias": (6,)},
    ),
    "embedding": (nnx.Embed(7, 3, rngs=RNGS), {"table": (7, 3)}),
    "batch_norm": (
        nnx.BatchNorm(4, rngs=RNGS),
        {"gamma": (4,), "beta": (4,), "moving_mean": (4,), "moving_variance": (4,)},
    ),
    "layer_norm": (nnx.LayerNorm(4, rngs=RNGS), {"gamma": (4,), "beta": (4,)}),
    "rms_norm": (nnx.RMSNorm(4, rngs=RNGS), {"gamma": (4,)}),
    "lstm": (
        nnx.RNN(nnx.OptimizedLSTMCell(3, 2, rngs=RNGS)),
        {"kernel": (3, 4, 2), "recurrent_kernel": (2, 4, 2), "bias": (4, 2)},
    ),
    "lstm of eight kernels": (
        nnx.RNN(nnx.LSTMCell(3, 2, rngs=RNGS)),
        {"kernel": (3, 4, 2), "recurrent_kernel": (2, 4, 2), "bias": (4, 2)},
    ),
    "gru": (
        nnx.RNN(nnx.GRUCell(3, 2, rngs=RNGS)),
        {"kernel": (3, 3, 2), "bias": (3, 2), "recurrent_kernel": (2, 3, 2)},
    ),
    "rnn": (
        nnx.RNN(nnx.SimpleCell(3, 2, rngs=RNGS)),
        {"kernel": (3, 2), "bias": (2,), "recurrent_kernel": (2, 2)},
    ),
    "both ways": (
        nnx.Bidirectional(
            nnx.RNN(nnx.GRUCell(3, 2, rngs=RNGS)), nnx.RNN(nnx.GRUCell(3, 2, rngs=RNGS))
        ),
        {
            "kernel": (3, 3, 2),
            "bias": (3, 2),
            "recurrent_kernel": (2, 3, 2),
            "backward.kernel": (3, 3, 2),
            "backward.bias": (3, 2),
            "backward.recurrent_kernel": (2, 3, 2),
        },
    ),
    "attention": (
        nnx.MultiHeadAttention(2, 6, decode=False, use_bias=False, rngs=RNGS),
        {
            **dict.fromkeys(["query_kernel", "key_kernel", "value_kernel"], (6, 2, 3)),
            "output_kernel": (2, 3, 6),
        },
    ),
    "prelu": (nnx.PReLU(), {"alpha": (1,)}),
}
of_each = pytest.mark.parametrize("kind", MODULES)


@of_each
def test_a_layer_has_the_canonical_names_and_shapes(kind):
    module, shapes = MODULES[kind]
    assert {part: view.shape for part, view in views.parts(module)} == shapes


@of_each
def test_an_array_that_is_read_and_written_is_the_same(kind):
    for part, view in views.parts(MODULES[kind][0]):
        own = [np.asarray(variable[...]) for variable in view.variables]
        array = view.read(*own)
        assert array.shape == view.shape
        for before, after in zip(own, view.write(array), strict=True):
            np.testing.assert_array_equal(after, before, err_msg=part)


def canonical(kind):
    return {
        part: view.read(*(np.asarray(variable[...]) for variable in view.variables))
        for part, view in views.parts(MODULES[kind][0])
    }


def test_the_gates_of_a_gru_are_in_the_order_of_the_others():
    reset, update, new = np.split(np.asarray(MODULES["gru"][0].cell.dense_i.kernel[...]), 3, 1)
    np.testing.assert_array_equal(canonical("gru")["kernel"], np.stack([update, reset, new], 1))


def test_a_kernel_that_spreads_is_that_of_a_convolution_the_other_way():
    own = np.asarray(MODULES["conv_transpose"][0].kernel[...])
    np.testing.assert_array_equal(
        canonical("conv_transpose")["kernel"], own[::-1, ::-1].swapaxes(2, 3)
    )


def test_rows_of_an_image_with_its_channels_first_come_last_and_back():
    view = views.of_rows(views.as_it_is(nnx.Param(np.zeros((12, 5)))), (3, 2, 2))
    own = np.arange(60).reshape(12, 5)
    wanted = np.moveaxis(own.reshape(3, 2, 2, 5), 0, 2).reshape(12, 5)
    np.testing.assert_array_equal(view.read(own), wanted)
    np.testing.assert_array_equal(view.write(wanted)[0], own)


def test_a_users_own_arrays_are_found_in_lists_and_dictionaries_too():
    class Own(nnx.Module):
        def __init__(self):
            self.places = nnx.List([nnx.Param(np.zeros(2)), nnx.Param(np.zeros(3))])
            self.named = nnx.Dict(scale=nnx.Param(np.zeros(1)))
            self.count = nnx.Variable(np.zeros(1, int))
            self.inner = nnx.Linear(2, 2, rngs=RNGS)

    assert {part for part, _ in views.parts(Own())} == {"places.0", "places.1", "named.scale"}
