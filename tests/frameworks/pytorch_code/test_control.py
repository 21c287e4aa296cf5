"""What a user's code may call, and what Twinrun makes of it: masks, statistics, refusals."""

import math
from dataclasses import replace

import numpy as np
import pytest
from twinrun.contract.enums import Execution, Loop, Precision, Recipe

from services.errors import BadWeights, CodeFailed, Unsupported
from services.model import dropout
from tests.frameworks import jobs
from tests.frameworks.pytorch_code import models

torch = pytest.importorskip("torch")
pytorch = pytest.importorskip("services.pytorch")
functional = torch.nn.functional
patches = pytest.importorskip("services.pytorch.code.patches")

DROPS = """
from torch.nn.functional import dropout as imported

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.wide, self.flat = nn.Dropout(0.25), nn.Flatten()
        self.out = nn.Linear(24, 5)

    def forward(self, x):
        x = imported(self.flat(self.wide(x)), p=0.5, training=self.training, inplace=True)
        return self.out(F.dropout(x, 0.0, self.training))

def build():
    return Net()
"""
LINEAR = "nn.Sequential(nn.Flatten(), nn.Linear(24, 5))"


def returning(text):
    return f"def build():\n    return {text}\n"


def module(forward, made="pass"):
    return f"""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.out = nn.Linear(24, 5)
        {made}

    def forward(self, x):
        x = x.flatten(1)
        {forward}

def build():
    return Net()
"""


def outputs(found, path):
    (index,) = [i for i, layer in enumerate(found.model.layers) if layer.path == path]
    return found.arrays[f"output/{index}"]


def test_masks_are_drawn_in_the_order_of_calls_for_images_channels_last(tmp_path):
    job = models.spec(seed=5)
    found = models.traced(job, models.builder(tmp_path, DROPS))
    images = jobs.data().train_images[:6]
    drawn = [
        dropout.masks(rate, shape, stream=(5, 0, number), first=0, samples=6)
        for number, (rate, shape) in enumerate([(0.25, (4, 3, 2)), (0.5, (24,))])
    ]
    assert [(d.path, d.rate, d.shape) for d in found.model.draws] == [
        ("wide", 0.25, (4, 3, 2)),
        ("", 0.5, (24,)),
    ]
    wide = images * drawn[0] / 0.75
    np.testing.assert_allclose(outputs(found, "wide"), wide, rtol=1e-15)
    rows = wide.reshape(6, 24) * drawn[1] * 2
    np.testing.assert_allclose(outputs(found, "dropout#0"), rows, rtol=1e-15)


def test_without_dropout_everything_passes(tmp_path):
    found = models.traced(models.spec(without_dropout=True), models.builder(tmp_path, DROPS))
    assert not found.model.draws
    rows = jobs.data().train_images[:6].reshape(6, 24)
    np.testing.assert_array_equal(outputs(found, "dropout#0"), rows)


def test_masks_of_attention_are_of_heads_queries_and_keys(tmp_path):
    """However it computes them: in one call, or with the weights returned."""
    text = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.attention = nn.MultiheadAttention(2, 2, dropout=0.4, batch_first=True)
        self.out = nn.Linear(2, 5)

    def forward(self, x):
        x = x.flatten(2).transpose(1, 2)
        x, _ = self.attention(query=x, key=x, value=x, need_weights=NEEDED)
        return self.out(x.mean(1))

def build():
    return Net()
"""
    made = []
    for needed in ("True", "False"):
        build = models.builder(tmp_path, text.replace("NEEDED", needed))
        made.append(models.traced(models.spec(), build))
        assert [draw.shape for draw in made[-1].model.draws] == [(2, 12, 12)]
    for name, array in made[0].arrays.items():
        np.testing.assert_allclose(made[1].arrays[name], array, atol=1e-14, err_msg=name)


def test_settings_are_named_as_in_every_framework(tmp_path):
    text = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(2, 4, (3, 2), stride=2, padding=1)
        self.near = nn.Conv2d(4, 4, 3, padding="same", groups=4, bias=False)
        self.norm, self.act = nn.BatchNorm2d(4, eps=1e-3, momentum=0.01), nn.GELU("tanh")
        self.attention = nn.MultiheadAttention(4, 2, batch_first=True)
        self.out = nn.Linear(4, 5)

    def forward(self, x):
        x = F.avg_pool2d(self.act(self.norm(self.conv(x))), 2, 1, 1, count_include_pad=False)
        x = F.leaky_relu(self.near(F.interpolate(x, scale_factor=2)), 0.2)
        x = F.max_pool2d(x, kernel_size=2).softmax(dim=1).flatten(2).transpose(1, 2)
        hidden = torch.ones(x.shape[1], x.shape[1], dtype=torch.bool).triu(1)
        return self.out(self.attention(x, x, x, attn_mask=hidden)[0].mean(dim=1))

def build():
    return Net()
"""
    found = models.traced(models.spec(), models.builder(tmp_path, text)).model.layers
    told = {layer.path: (layer.kind, layer.settings) for layer in found}
    assert told == {
        "conv": (
            "conv2d",
            {
                "filters": "4",
                "size": "3,2",
                "stride": "2,2",
                "padding": "1:1,1:1",
                "dilation": "1,1",
                "groups": "1",
                "use_bias": "True",
            },
        ),
        "norm": ("batch_norm", {"epsilon": "0.001", "momentum": "0.99", "affine": "True"}),
        "act": ("gelu", {"activation": "gelu_tanh"}),
        "avg_pool2d#0": (
            "average_pool2d",
            {"size": "2,2", "stride": "1,1", "padding": "1:1,1:1", "padding_value": "nan"},
        ),
        "interpolate#0": (
            "upsample2d",
            {"size": "2,2", "interpolation": "nearest", "corners": "False"},
        ),
        "near": (
            "depthwise_conv2d",
            {
                "filters": "4",
                "size": "3,3",
                "stride": "1,1",
                "padding": "1:1,1:1",
                "dilation": "1,1",
                "use_bias": "False",
            },
        ),
        "leaky_relu#0": ("leaky_relu", {"activation": "leaky_relu", "negative_slope": "0.2"}),
        "max_pool2d#0": (
            "max_pool2d",
            {"size": "2,2", "stride": "2,2", "padding": "0:0,0:0", "padding_value": "-inf"},
        ),
        "softmax#0": ("softmax", {"activation": "softmax", "axis": "-1"}),
        "flatten#0": ("flatten", {}),
        "attention": (
            "multi_head_attention",
            {
                "heads": "2",
                "key_size": "2",
                "value_size": "2",
                "use_bias": "True",
                "scale": "0.7071067811865475",
                "rate": "0.0",
                "causal": "True",
            },
        ),
        "mean#0": ("global_average_pool1d", {}),
        "out": ("dense", {"units": "5", "use_bias": "True"}),
    }


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("masked", [None, "flags", "numbers"])
def test_attention_written_out_is_pytorchs_own(masked, causal):
    class All:
        def mask(self, _, __, shape):
            return torch.ones(shape, dtype=torch.bool)

    if masked and causal:
        return  # PyTorch refuses both
    generator = torch.Generator().manual_seed(1)
    query, key, value = (
        torch.randn(2, heads, 5, 6, dtype=torch.float64, generator=generator) for heads in (4, 2, 2)
    )
    mask = None if masked is None else torch.ones(5, 5).triu().T.bool()
    mask = mask.double() if masked == "numbers" else mask
    own = functional.scaled_dot_product_attention(
        query, key, value, mask, is_causal=causal, enable_gqa=True, scale=0.3
    )
    tiny = math.ulp(0.0)  # a rate that only takes the other path
    with patches.active(All()):
        made = functional.scaled_dot_product_attention(
            query, key, value, mask, tiny, causal, enable_gqa=True, scale=0.3
        )
    torch.testing.assert_close(made, own, rtol=0, atol=1e-14)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", [(6, 3), (6, 3, 4), (6, 3, 4, 5), (6, 3, 2, 2, 2)])
def test_batch_norm_is_pytorchs_own_but_for_the_moving_variance(shape, dtype):
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(shape, dtype=getattr(torch, dtype), generator=generator)
    gamma, beta = x.new_tensor([1.0, 2.0, 3.0]), x.new_tensor([0.1, 0.2, 0.3])
    mean, variance, own_mean, own_variance = (x.new_ones(3) for _ in range(4))
    how = gamma, beta, True, 0.3, 1e-3
    own = functional.batch_norm(x, own_mean, own_variance, *how)
    with patches.active(patches.Nothing()):
        made = functional.batch_norm(x, mean, variance, *how)
    values = x.numel() / 3
    near = {"rtol": 0, "atol": 1e-6 if dtype == "float32" else 1e-14}
    torch.testing.assert_close(made, own, **near)
    torch.testing.assert_close(mean, own_mean, **near)
    biased = (own_variance - 0.7) * (values - 1) / values + 0.7
    torch.testing.assert_close(variance, biased, **near)


def test_functions_are_pytorchs_own_for_every_other_job(tmp_path):
    """Also those that a user's file has imported by name."""
    own = {name: getattr(functional, name) for name in ("dropout", "batch_norm")}
    build = models.builder(tmp_path, DROPS)
    models.traced(models.spec(), build)
    for name, function in own.items():
        assert getattr(functional, name) is function
    module = build()  # with nothing replaced
    x = torch.ones(4, 2, 4, 3)
    assert not torch.equal(module(x), module(x))


def test_tracing_changes_no_trial(tmp_path):
    build = models.builder(tmp_path, models.SOURCES["resnet"])
    job, initial = models.paired(models.spec(epochs=2), build)
    runs = []
    for traces in (False, True):
        trainer = pytorch.Trainer(job, jobs.data(), initial, build)
        trainer.warm_up()
        steps = list(trainer.train_epoch(0))
        if traces:
            models.traced(job, build, initial)
        steps += trainer.train_epoch(1)
        runs.append((np.concatenate([s.losses for s in steps]), trainer.weights()))
    np.testing.assert_array_equal(runs[0][0], runs[1][0])
    for name, array in runs[0][1].items():
        np.testing.assert_array_equal(runs[1][1][name], array)


def test_a_trial_has_no_hooks(tmp_path):
    """What follows a model's calls is gone once it knows what the model does."""
    from services.pytorch.code.model import CodeModel  # noqa: PLC0415 - one environment has it

    build = models.builder(tmp_path, models.SOURCES["transformer"])
    samples = torch.from_numpy(jobs.data().train_images[:3])
    held = CodeModel(models.spec(), build, samples, None).built.module
    assert all(not m._forward_hooks and not m._forward_pre_hooks for m in held.modules())


REFUSED = {
    "dropout between its layers": "nn.LSTM(2, 3, num_layers=2, dropout=0.5)",
    "alpha_dropout": "nn.Sequential(nn.Flatten(), nn.AlphaDropout(0.2), nn.Linear(24, 5))",
    "none of each sample": "Moved()",
}
MOVED = """
class Moved(nn.Module):
    def __init__(self):
        super().__init__()
        self.place, self.out = nn.Parameter(torch.ones(24)), nn.Linear(24, 5)

    def forward(self, x):
        return self.out(x.flatten(1) + F.dropout(self.place, 0.5, self.training))

"""


@pytest.mark.parametrize("reason", REFUSED)
def test_what_cannot_be_controlled_is_refused_by_name(reason, tmp_path):
    build = models.builder(tmp_path, MOVED + returning(REFUSED[reason]))
    with pytest.raises(Unsupported, match=reason):
        pytorch.Trainer(models.spec(), jobs.data(), None, build)


def test_what_is_refused_passes_without_dropout(tmp_path):
    build = models.builder(tmp_path, returning(REFUSED["alpha_dropout"]))
    found = models.traced(models.spec(without_dropout=True), build)
    np.testing.assert_array_equal(outputs(found, "0"), outputs(found, "1"))
    text = models.SOURCES["lstm"].replace("num_layers=2", "num_layers=2, dropout=0.5")
    found = models.traced(models.spec(without_dropout=True), models.builder(tmp_path, text))
    assert any("dropout between layers" in note for note in found.model.notes)
    assert not any("random" in note for note in found.model.notes)


FAILING = {
    "a list, and a torch.nn.Module is needed": returning("[1]"),
    r"makes \[3\] of 3 samples, and \[3, outputs\]": module("return self.out(x)[:, 0]"),
    r"ValueError: no\n  net.py:\d+, in forward: raise ValueError": module('raise ValueError("no")'),
    r"RuntimeError: mat1 and mat2 .*\n  net.py:\d+, in forward": module("return self.out(x.T)"),
    "first output of the model of net.py is not a tensor": module("return ()"),
}


@pytest.mark.parametrize("message", FAILING)
def test_what_fails_in_the_code_names_its_file(message, tmp_path):
    with pytest.raises(CodeFailed, match=message):
        pytorch.Trainer(
            models.spec(), jobs.data(), None, models.builder(tmp_path, FAILING[message])
        )


def test_what_no_backward_pass_goes_through_is_the_codes_fault(tmp_path):
    text = module("y = self.out(x).exp(); z = y * 1; y.add_(1); return z")
    with pytest.raises(CodeFailed, match=r"in-place|inplace"):
        models.traced(models.spec(), models.builder(tmp_path, text))


def test_what_matched_jobs_cannot_do_with_code_is_refused(tmp_path):
    build = models.builder(tmp_path, returning(LINEAR))
    for changes in ({"execution": Execution.COMPILED}, {"precision": Precision.BFLOAT16}):
        with pytest.raises(Unsupported, match=next(iter(changes))):
            pytorch.Trainer(models.spec(**changes), jobs.data(), None, build)


def test_a_pairing_that_does_not_fit_is_refused(tmp_path):
    build = models.builder(tmp_path, returning(LINEAR))
    job, initial = models.paired(models.spec(), build)
    kernel, bias = job.code.tensors
    for tensors, weights in (
        ([replace(kernel, pytorch="2.kernel"), bias], initial),
        ([replace(kernel, pytorch="1.kernel@channels_last"), bias], initial),
        ([kernel, bias], {name: initial[name] for name in ("1.kernel",)}),
        ([kernel, bias], initial | {"1.bias": np.zeros(4)}),
    ):
        with pytest.raises(BadWeights):
            pytorch.Trainer(models.spec(tensors), jobs.data(), weights, build)


def test_a_model_of_several_outputs_trains_by_the_one_that_is_named(tmp_path):
    found = {}
    for output, made in {
        "": "(a, b)",
        "1": "(b, a)",
        "right": "{'left': b, 'right': a}",
    }.items():
        text = module(f"a, b = self.out(x), self.out(2 * x); return {made}")
        build = models.builder(tmp_path, text)
        found[output] = models.traced(models.spec(output=output), build).arrays["logits"]
    for logits in found.values():
        np.testing.assert_array_equal(logits, found[""])


def test_what_is_random_frozen_unused_or_tied_is_told(tmp_path):
    made = (
        "self.spare = nn.Linear(2, 2); self.still = nn.Linear(5, 5).requires_grad_(False); "
        "self.again = nn.Linear(24, 5); self.again.weight = self.out.weight"
    )
    text = module("return self.still(self.out(x + torch.randn_like(x))) + self.again(x)", made)
    found = models.traced(models.spec(), models.builder(tmp_path, text)).model
    assert any("the model calls randn_like" in note for note in found.notes)
    assert any(note.startswith("spare.kernel: the loss does not depend") for note in found.notes)
    told = {t.key: (t.trained, t.used, t.tied_to) for t in found.tensors}
    assert told["out.kernel"] == (True, True, "")
    assert told["again.kernel"] == (True, True, "out.kernel")
    assert told["spare.kernel"] == (True, False, "")
    assert told["still.kernel"] == (False, True, "")
    assert next(reversed(told)) == "spare.bias"


def test_arrays_of_a_list_stand_where_what_holds_it_is_called(tmp_path):
    found = models.traced(models.spec(), models.builder(tmp_path, models.SOURCES["cells"])).model
    keys = [tensor.key for tensor in found.tensors]
    assert (keys[0], keys[-1]) == ("scales.0", "scales.1")


@pytest.mark.parametrize("loop", Loop)
def test_what_only_the_other_side_trains_stays_and_has_no_gradient(loop, tmp_path):
    made = "self.spare = nn.Linear(5, 5); self.still = nn.Linear(5, 5).requires_grad_(False)"
    build = models.builder(tmp_path, module("return self.still(self.out(x))", made))
    job, initial = models.paired(models.spec(loop=loop, report_step_details=True), build)
    tensors = [replace(tensor, trained=True) for tensor in job.code.tensors]
    job = replace(job, code=replace(job.code, tensors=tuple(tensors)))
    trainer = pytorch.Trainer(job, jobs.data(), initial, build)
    norms = {g.parameter: g.norms for g in next(trainer.train_epoch(0)).details.gradient_norms}
    for name, array in trainer.weights().items():
        moves = name.startswith("out")
        assert np.array_equal(array, initial[name]) == (not moves)
        assert any(norms[name]) == moves


def test_random_numbers_without_effect_are_no_finding(tmp_path):
    text = module("return self.out(x + 0 * torch.randn_like(x))")
    assert not models.traced(models.spec(), models.builder(tmp_path, text)).model.notes


def test_random_numbers_of_unknown_origin_are_placed(tmp_path):
    made = "self.body = nn.Sequential(nn.Linear(24, 24), nn.Tanh())"
    text = "import numpy\n" + module("return self.out(self.body(x * numpy.random.rand()))", made)
    (note,) = models.traced(models.spec(), models.builder(tmp_path, text)).model.notes
    assert note.startswith("body.0, or what is called just before it")


def test_an_lstm_has_one_bias_which_alone_is_trained(tmp_path):
    build = models.builder(tmp_path, models.SOURCES["lstm"])
    job, initial = models.paired(models.spec(), build)
    torch.manual_seed(job.seed)
    torch.set_default_dtype(torch.float64)
    try:
        own = build().cell
    finally:
        torch.set_default_dtype(torch.float32)
    total = (own.bias_ih_l1_reverse + own.bias_hh_l1_reverse).detach().numpy()
    bias = initial["cell.layer1.backward.bias"]
    np.testing.assert_allclose(bias, total.reshape(4, 3), rtol=0, atol=1e-16)
    found = models.traced(job, build, initial)
    gradient = found.arrays["gradient/cell.layer1.backward.bias"]
    moved = found.arrays["updated/cell.layer1.backward.bias"] - bias
    rate = job.optimizer.learning_rate  # what a first step of Adam moves by
    np.testing.assert_allclose(moved, -rate * np.sign(gradient), rtol=1e-3)
    assert any("frozen at 0" in note for note in found.model.notes)


def test_numbers_of_embeddings_may_be_floats(tmp_path):
    text = returning("nn.Sequential(nn.Embedding(9, 4), nn.Flatten(), nn.Linear(12, 5))")
    ids = np.array([[0, 1, 2], [8, 7, 6]], np.float64)
    found = models.traced(models.spec(), models.builder(tmp_path, text), samples=2, inputs=ids)
    np.testing.assert_array_equal(
        outputs(found, "0"), found.arrays["initial/0.table"][ids.astype(int)]
    )


def test_users_train_the_module_as_it_is(tmp_path):
    build = models.builder(tmp_path, models.SOURCES["lstm"])
    job, initial = models.paired(models.spec(epochs=30), build)
    job = replace(job, recipe=Recipe.IDIOMATIC, precision=Precision.FLOAT32)
    weights = {name: array.astype(np.float32) for name, array in initial.items()}
    trainer = pytorch.Trainer(job, jobs.data(Precision.FLOAT32), weights, build)
    for name, array in trainer.weights().items():
        np.testing.assert_allclose(array, weights[name], rtol=1e-6)
    trainer.warm_up()
    first, *_, last = (
        np.concatenate([s.losses for s in trainer.train_epoch(e)]).mean() for e in range(30)
    )
    assert last < 0.98 * first
    assert trainer.evaluate().shape == (jobs.TEST_SAMPLES, 5)
    assert np.isfinite(trainer.predictor(2)()).all()


def test_the_idiomatic_recipe_has_its_own_dropout(tmp_path):
    with pytest.raises(Unsupported, match="without_dropout"):
        pytorch.Trainer(
            models.spec(recipe=Recipe.IDIOMATIC, without_dropout=True),
            jobs.data(),
            None,
            models.builder(tmp_path, DROPS),
        )


def test_a_summary_lists_each_layer_once(tmp_path, monkeypatch):
    catalog = pytest.importorskip("services.data.catalog")
    info = replace(catalog.info(jobs.spec().dataset), shape=jobs.SHAPE)
    monkeypatch.setattr(catalog, "info", lambda _: info)
    found = pytorch.summarize(models.spec(), models.builder(tmp_path, models.SOURCES["resnet"]))
    kinds = [layer.kind for layer in found.layers]
    assert kinds[:2] == ["Conv2d", "Dropout2d"]
    assert kinds.count("ReLU") == 2
    assert found.layers[-1].output_shape == (5,)
    of_layers = sum(layer.parameter_count for layer in found.layers)
    assert found.parameter_count == of_layers > 0
