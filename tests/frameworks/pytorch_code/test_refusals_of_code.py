"""What a user's code may be: what is refused, what is told, and how users train it."""

from dataclasses import replace

import numpy as np
import pytest
from twinrun.contract.enums import Loop, Precision, Recipe

from services.errors import BadWeights, CodeFailed, Unsupported
from tests.frameworks import jobs
from tests.frameworks.pytorch_code import models
from tests.frameworks.pytorch_code.models import DROPS, LINEAR, module, outputs, returning

torch = pytest.importorskip("torch")
pytorch = pytest.importorskip("services.pytorch")
functional = torch.nn.functional
patches = pytest.importorskip("services.pytorch.code.patches")


REFUSED = {
    "dropout between its layers": "nn.LSTM(2, 3, num_layers=2, dropout=0.5)",
    "alpha_dropout": "nn.Sequential(nn.Flatten(), nn.AlphaDropout(0.2), nn.Linear(24, 5))",
    "none of each sample": "Moved()",
}
IN_EVALUATION = (
    "F.dropout(x, 0.5)",
    "F.dropout1d(x, 0.5)",
    "F.scaled_dot_product_attention(x, x, x, dropout_p=0.5)",
)
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


@pytest.mark.parametrize("drops", IN_EVALUATION)
def test_a_model_that_drops_in_evaluation_too_is_refused(drops, tmp_path):
    text = module(f"return self.out({drops.replace('x', 'x.flatten(1)[:, None]')}[:, 0])")
    with pytest.raises(
        Unsupported, match=r"net.py drops values in evaluation too, in line \d+: pass"
    ):
        models.traced(models.spec(), models.builder(tmp_path, text))
    models.traced(models.spec(without_dropout=True), models.builder(tmp_path, text))


def test_code_that_exits_on_the_way_back_is_named(tmp_path):
    text = module("x = self.out(x); x.requires_grad and x.register_hook(leave); return x")
    build = models.builder(tmp_path, "def leave(_):\n    raise SystemExit(1)\n" + text)
    with pytest.raises(CodeFailed, match=r"SystemExit: 1\n  net.py:\d+, in leave"):
        models.traced(models.spec(), build)


def test_a_parameter_and_a_buffer_of_one_number_are_arrays(tmp_path):
    text = module(
        "return self.out(x) * self.scale * self.n",
        "self.scale = nn.Parameter(torch.tensor(2.0))\n"
        "        self.register_buffer('n', torch.tensor(3.0))",
    )
    build = models.builder(tmp_path, text)
    job, initial = models.paired(models.spec(), build)
    trainer = pytorch.Trainer(job, jobs.data(), {**initial, "scale": np.array(5.0)}, build)
    assert (trainer.weights()["scale"], trainer.weights()["n"]) == (5, 3)


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
    r"net.py:build of pytorch returns \[3\], and \[3, 5\]": module("return self.out(x)[:, 0]"),
    r"returns \[3, 4\], and \[3, 5\] is needed": module("return self.out(x)[:, 1:]"),
    r"returns \[1, 5\], and \[3, 5\] is needed": module("return self.out(x)[:1]"),
    r"ValueError: no\n  net.py:\d+, in forward: raise ValueError": module('raise ValueError("no")'),
    r"RuntimeError: mat1 and mat2 .*\n  net.py:\d+, in forward": module("return self.out(x.T)"),
    r"SystemExit: 0\n  net.py:\d+, in forward": module("raise SystemExit(0)"),
    "first output of the model of net.py:build of pytorch is missing; .* a tuple": module(
        "return ()"
    ),
    "first output of the model of net.py:build of pytorch is a str, not a tensor": module(
        "return ['a', x]"
    ),
    "pytorch is a NoneType|is missing; the model returned a NoneType": module("return None"),
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
    with pytest.raises(Unsupported, match="precision"):
        pytorch.Trainer(models.spec(precision=Precision.BFLOAT16), jobs.data(), None, build)


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
