"""A user's Flax module: what is followed, told and refused."""

from dataclasses import replace

import numpy as np
import pytest
from twinrun.contract.enums import CodeLayout, Precision, Recipe

from services.errors import BadWeights, CodeFailed, Unsupported
from services.trial import code
from tests.frameworks import code_models, jobs
from tests.frameworks.flax_code import models
from tests.frameworks.flax_code.models import OUT, net, traced, trained

services = pytest.importorskip("services.jax")  # first: it sets 64 bits
jax = pytest.importorskip("jax")
nnx = pytest.importorskip("flax.nnx")
Built = pytest.importorskip("services.jax.code.built").Built


def followed(folder, text, spec=None):
    """Return the recording of a call, for which nothing is computed."""
    built = Built(spec or models.job(), models.written(folder, text))
    return built.followed(jax.numpy.asarray(code_models.data().train_images[:4]))


CNN = net(
    "self.conv = nnx.Conv(2, 4, (3, 3), strides=2, rngs=rngs)\n"
    "self.norm = nnx.GroupNorm(4, num_groups=2, rngs=rngs)\n"
    "self.out = nnx.Linear(4, 5, rngs=rngs)",
    "return self.out(jnp.mean(nnx.gelu(self.norm(self.conv(x))), axis=(1, 2)))",
)


def test_layers_and_functions_are_followed_in_order_with_their_settings(tmp_path):
    layers = followed(tmp_path, CNN).layers
    assert [(each.path, each.kind) for each in layers] == [
        ("conv", "conv2d"),
        ("norm", "group_norm"),
        ("gelu#0", "gelu"),
        ("mean#0", "global_average_pool2d"),
        ("out", "dense"),
    ]
    assert layers[0].settings["padding"] == "0:1,0:1"
    assert layers[0].settings["stride"] == "2,2"
    assert layers[1].settings == {"groups": "2", "epsilon": "1e-06", "affine": "True"}
    assert layers[2].settings["activation"] == "gelu_tanh"
    assert (layers[0].input_shape, layers[0].output_shape) == ((6, 6, 2), (3, 3, 4))


def test_what_a_cell_or_attention_calls_within_is_no_layer(tmp_path):
    text = net(
        "self.attend = nnx.MultiHeadAttention(2, 12, decode=False, rngs=rngs)\n"
        "self.lstm = nnx.RNN(nnx.LSTMCell(12, 3, rngs=rngs))\n"
        "self.out = nnx.Linear(3, 5, rngs=rngs)",
        "return self.out(self.lstm(self.attend(x.reshape(-1, 6, 12), is_causal=True))[:, -1])",
    )
    layers = followed(tmp_path, text).layers
    assert [each.kind for each in layers] == ["multi_head_attention", "lstm", "dense"]
    assert layers[0].settings["causal"] == "True"
    assert layers[1].settings["recurrent_activation"] == "sigmoid"


DROPS = net(
    f"self.drop = nnx.Dropout(0.25, rngs=rngs)\n{OUT}",
    "return self.out(self.drop(x).reshape(len(x), -1))",
)


def test_dropout_gets_the_keyed_masks_and_is_off_in_evaluation(tmp_path):
    found = traced(services, tmp_path, DROPS)
    assert [(each.path, each.rate, each.shape) for each in found.model.draws] == [
        ("drop", 0.25, (6, 6, 2))
    ]
    inputs = code_models.data().train_images[:16]
    dropped = found.arrays["output/0"] / inputs
    np.testing.assert_allclose(np.unique(dropped.round(12)), [0, 4 / 3])
    trainer, losses = trained(services, tmp_path, DROPS)
    assert np.isfinite(losses).all()
    np.testing.assert_array_equal(trainer.evaluate(), trainer.evaluate())


def test_without_dropout_all_values_pass(tmp_path):
    found = traced(services, tmp_path, DROPS, models.job(without_dropout=True))
    assert found.model.draws == ()
    np.testing.assert_array_equal(found.arrays["output/0"], code_models.data().train_images[:16])


REFUSED = {
    "drops values in evaluation too": net(
        f"self.drop = nnx.Dropout(0.5, rngs=rngs)\n{OUT}",
        "return self.out(self.drop(x, deterministic=False).reshape(len(x), -1))",
    ),
    "with one mask for several samples": net(
        "self.attend = nnx.MultiHeadAttention(2, 12, dropout_rate=0.1, decode=False, rngs=rngs)\n"
        + OUT,
        "return self.out(self.attend(x.reshape(-1, 6, 12)).reshape(len(x), -1))",
    ),
    "compiles by itself": net(
        f"self.drop = nnx.Dropout(0.5, rngs=rngs)\n{OUT}",
        "return self.out(nnx.jit(lambda drop, x: drop(x))(self.drop, x).reshape(len(x), -1))",
    ),
}


@pytest.mark.parametrize("said", REFUSED)
def test_dropout_that_no_mask_can_be_given_is_refused(tmp_path, said):
    with pytest.raises(Unsupported, match=said) as refused:
        trained(services, tmp_path, REFUSED[said])[0].evaluate()
    assert refused.value.metadata == {"field": "code.jax"}


FAILING = {
    "ZeroDivisionError.*\n  net_.*in __call__: return 1 / 0": net(call="return 1 / 0"),
    "returned a dict, and a flax.nnx.Module": "def build():\n    return {}\n",
    r"returns \[4, 72\]": net(call="return x.reshape(len(x), -1)"),
    "is a float, not a tensor": net(call="return 0.5"),
    "has other arrays after a call": net(
        call="self.kept = nnx.Cache(x); return self.out(x.reshape(len(x), -1))"
    ),
    "changes in a call what is no array": net(
        f"self.scale = 1.0\n{OUT}",
        "self.scale *= 0.5; return self.out(x.reshape(len(x), -1)) * self.scale",
    ),
}


@pytest.mark.parametrize("said", FAILING)
def test_an_error_of_the_users_is_told_with_their_own_frames(tmp_path, said):
    with pytest.raises(CodeFailed, match=said) as failed:
        followed(tmp_path, FAILING[said])
    assert "site-packages" not in failed.value.message


def test_an_array_of_fewer_bits_than_the_job_is_noted(tmp_path):
    text = net("self.out = nnx.Linear(72, 5, param_dtype=jnp.bfloat16, rngs=rngs)")
    found = Built(models.job(), models.written(tmp_path, text))
    assert "out.kernel is bfloat16 in the code, and has the job's precision here." in found.notes


@pytest.mark.filterwarnings("ignore:Using 'Module.sow")
def test_what_sows_intermediate_values_is_followed(tmp_path):
    text = net(call="self.sow(nnx.Intermediate, 'seen', x); return self.out(x.reshape(len(x), -1))")
    assert len(followed(tmp_path, text).layers) == 1


def test_a_model_that_is_told_whether_it_trains_is(tmp_path):
    text = net(
        f"self.drop = nnx.Dropout(0.5, rngs=rngs)\n{OUT}",
        "return self.out(self.drop(x, deterministic=not train).reshape(len(x), -1))",
        ", *, train",
    )
    trainer, _ = trained(services, tmp_path, text)
    assert trainer.evaluate().shape == (8, 5)


def test_random_numbers_that_cannot_be_reached_are_noted(tmp_path):
    text = net(
        f"self.rngs = rngs\n{OUT}",
        "return self.out((x + jax.random.normal(self.rngs(), x.shape)).reshape(len(x), -1))",
    )
    noted = traced(services, tmp_path, text).model.notes
    assert "something in the model is random" in " ".join(noted)
    assert traced(services, tmp_path, net()).model.notes == ()


def test_a_function_with_a_parameter_for_random_numbers_is_given_some(tmp_path):
    path = tmp_path / "jax" / "net.py"
    path.parent.mkdir()
    text = "def build(rngs, width):\n    return nnx.Linear(width, 5, rngs=rngs)\n"
    path.write_text(models.HEAD + text)
    source = models.job(source={"arguments": '{"width": 3}'}).code.jax
    with code.offered(rngs=lambda: nnx.Rngs(0)):
        assert code._call(source, tmp_path, "jax").in_features == 3
    with pytest.raises(CodeFailed, match="missing 1 required positional argument: 'rngs'"):
        code._call(source, tmp_path, "jax")


def test_a_model_takes_channels_first_and_names_its_output_if_the_source_says_so(tmp_path):
    text = net(call="return {'seen': x, 'made': self.out(x.reshape(len(x), -1) * x.shape[1])}")
    spec = models.job(source={"layout": CodeLayout.CHANNELS_FIRST, "output": "made"})
    found = traced(services, tmp_path, text, spec)
    images = np.moveaxis(code_models.data().train_images[:16], -1, 1).reshape(16, -1) * 2
    wanted = images @ found.arrays["initial/out.kernel"]
    np.testing.assert_allclose(found.arrays["logits"], wanted, rtol=1e-12)


@pytest.mark.parametrize("precision", [Precision.FLOAT32, Precision.FLOAT64])
def test_what_the_code_makes_itself_is_in_the_jobs_precision(tmp_path, precision):
    text = net(call="return self.out(x.reshape(len(x), -1) + jnp.zeros(72)) + jnp.arange(5.0)")
    data = code_models.data()
    data = replace(
        data,
        **{
            name: getattr(data, name).astype(precision.value)
            for name in ("train_images", "test_images")
        },
    )
    spec = models.job(precision=precision)
    built = Built(spec, models.written(tmp_path, text))
    images = jax.numpy.asarray(data.train_images[:4])
    made = jax.eval_shape(lambda leaves: built.recorded(leaves, images)[0].logits, built.leaves)
    assert made.dtype == precision.value


def test_a_softmax_in_attention_is_in_float64(tmp_path):
    text = net(
        "self.attend = nnx.MultiHeadAttention(2, 12, decode=False, rngs=rngs)\n" + OUT,
        "return self.out(self.attend(x.reshape(-1, 6, 12)).reshape(len(x), -1))",
    )
    found = traced(services, tmp_path, text)
    names = ("query", "key", "value", "output")
    kernels = {name: found.arrays[f"initial/attend.{name}_kernel"] for name in names}
    x = code_models.data().train_images[:16].reshape(-1, 6, 12)
    query, key, value = (np.einsum("btc,chd->bthd", x, kernels[name]) for name in names[:3])
    weights = np.exp(np.einsum("bthd,bshd->bhts", query, key) / np.sqrt(6))
    weights /= weights.sum(-1, keepdims=True)
    wanted = np.einsum("bhts,bshd,hdc->btc", weights, value, kernels["output"])
    np.testing.assert_allclose(found.arrays["output/0"], wanted, rtol=1e-12, atol=1e-13)


def test_a_trace_gives_a_layer_what_it_is_to_return(tmp_path):
    given = np.full((16, 6, 6, 2), 2.0)
    found = traced(services, tmp_path, DROPS, returned={"jax/0": given})
    wanted = given.reshape(16, -1) @ found.arrays["initial/out.kernel"]
    np.testing.assert_allclose(found.arrays["logits"], wanted, rtol=1e-12)
    with pytest.raises(BadWeights, match="drop returns"):
        traced(services, tmp_path, DROPS, returned={"jax/0": given[..., :1]})


def test_what_the_loss_does_not_depend_on_is_noted_and_tied_arrays_are_one(tmp_path):
    text = net(f"{OUT}\nself.spare = nnx.Linear(2, 3, rngs=rngs)\nself.again = self.out")
    found = traced(services, tmp_path, text).model
    assert [(each.key, each.used) for each in found.tensors] == [
        ("again.kernel", True),
        ("again.bias", True),
        ("spare.kernel", False),
        ("spare.bias", False),
    ]
    assert "The loss does not depend on spare.kernel." in found.notes


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("precision", {"precision": Precision.BFLOAT16}),
        ("code.without_dropout", {"recipe": Recipe.IDIOMATIC, "without_dropout": True}),
    ],
)
def test_what_is_not_supported_is_refused_by_its_field(tmp_path, field, changes):
    spec = models.job(**changes)
    tensor = models.CodeTensor("out.bias", (5,), True, jax="out.bias")
    spec = replace(spec, code=replace(spec.code, tensors=(tensor,)))
    with pytest.raises(Unsupported) as refused:
        services.Trainer(spec, code_models.data(), None, models.written(tmp_path, net()))
    assert refused.value.metadata == {"field": field}


def test_a_job_that_names_an_array_that_the_model_lacks_is_refused(tmp_path):
    spec = models.job()
    tensor = models.CodeTensor("fc.bias", (5,), True, jax="fc.bias")
    spec = replace(spec, code=replace(spec.code, tensors=(tensor,)))
    with pytest.raises(CodeFailed, match=r"The job names fc\.bias .* has none"):
        services.Trainer(spec, code_models.data(), None, models.written(tmp_path, net()))


def test_nothing_of_flax_or_jax_stays_replaced(tmp_path):
    before = jax.nn.relu, jax.numpy.mean, nnx.Linear.__call__, jax.nn.dot_product_attention
    followed(tmp_path, CNN)
    assert before == (
        *(jax.nn.relu, jax.numpy.mean, nnx.Linear.__call__, jax.nn.dot_product_attention),
    )
    assert jobs.spec().code is None
