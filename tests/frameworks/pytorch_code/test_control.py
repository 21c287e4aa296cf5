"""What a user's code may call, and what Twinrun makes of it: masks, statistics, refusals."""

import math

import numpy as np
import pytest
from twinrun.contract.enums import Recipe

from services.model import dropout
from tests.frameworks import jobs
from tests.frameworks.pytorch_code import models
from tests.frameworks.pytorch_code.models import DROPS, outputs, returning

torch = pytest.importorskip("torch")
pytorch = pytest.importorskip("services.pytorch")
functional = torch.nn.functional
patches = pytest.importorskip("services.pytorch.code.patches")


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
                "keys_hidden": "0",
            },
        ),
        "mean#0": ("global_average_pool1d", {}),
        "out": ("dense", {"units": "5", "use_bias": "True"}),
    }


def test_what_a_mask_hides_and_a_border_of_its_own_are_told(tmp_path):
    text = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.border = nn.ZeroPad2d((0, 1, 2, 3))
        self.attention = nn.MultiheadAttention(2, 1, batch_first=True)
        self.out = nn.Linear(2, 5)

    def forward(self, x):
        x = self.border(x).flatten(2).transpose(1, 2)
        hidden = torch.zeros(x.shape[:2], dtype=torch.bool)
        hidden[:, :3] = True
        return self.out(self.attention(x, x, x, key_padding_mask=hidden)[0].mean(dim=1))

def build():
    return Net()
"""
    found = models.traced(models.spec(), models.builder(tmp_path, text))
    told = {layer.path: (layer.kind, layer.settings) for layer in found.model.layers}
    border = {"padding": "2:3,0:1,0:0", "padding_value": "0", "mode": "constant"}
    assert told["border"] == ("pad", border)
    assert told["attention"][1]["keys_hidden"] == f"{3 * len(found.arrays['logits'])}"


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
        if traces:
            models.traced(job, build, initial)
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


def test_nothing_is_frozen_or_refused_in_the_recipe_of_users(tmp_path):
    from services.pytorch.code.built import Built  # noqa: PLC0415 - one environment has it

    build = models.builder(tmp_path, returning("nn.LSTM(6, 6, 2, dropout=0.5)"))
    built = Built(models.spec(recipe=Recipe.IDIOMATIC), build, torch.device("cpu"))
    assert all(parameter.requires_grad for parameter in built.module.parameters())
    assert built.module.dropout == 0.5
    assert not built.notes
