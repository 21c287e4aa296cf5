"""What a layer returns in place of its output: what is behind it sees that, and nothing else."""

import numpy as np
import pytest

from services.errors import BadWeights
from tests.frameworks import jobs
from tests.frameworks.pytorch_code import models

pytest.importorskip("torch")
SPEC = models.spec()


def outputs(found):
    return [found.arrays[f"output/{index}"] for index in range(len(found.model.layers))]


def returned(arrays):
    return {f"pytorch/{index}": array for index, array in enumerate(arrays)}


def _inputs():
    return jobs.data().train_images[:6]


@pytest.mark.parametrize("model", models.SOURCES)
def test_layers_given_what_others_get_return_what_others_return(model, tmp_path):
    build = models.builder(tmp_path, models.SOURCES[model])
    plain = models.traced(SPEC, build)
    other = _inputs()[::-1].copy()
    apart = outputs(models.traced(SPEC, build, inputs=other))
    assert not np.allclose(apart[0], outputs(plain)[0])
    found = models.traced(SPEC, build, inputs=other, returned=returned(outputs(plain)))
    first = plain.model.layers[0].path
    for layer, made, wanted in zip(plain.model.layers, outputs(found), outputs(plain), strict=True):
        if layer.path != first and not layer.kind.endswith("_cell"):
            np.testing.assert_allclose(made, wanted, 1e-12, 1e-12, err_msg=layer.path)
    np.testing.assert_allclose(found.arrays["logits"], plain.arrays["logits"], 1e-12)


def test_the_state_that_a_recurrent_module_ends_in_is_that_of_what_it_returns(tmp_path):
    text = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.LSTM(6, 3, num_layers=2, bidirectional=True, batch_first=True)
        self.out = nn.Linear(6, 5)

    def forward(self, x):
        _, (h, _) = self.rnn(x.flatten(2).transpose(1, 2).reshape(len(x), 4, 6))
        return self.out(torch.cat([h[-2], h[-1]], 1))

def build():
    return Net()
"""
    build = models.builder(tmp_path, text)
    plain = models.traced(SPEC, build)
    index = [layer.path for layer in plain.model.layers].index("rnn")
    steps = np.random.default_rng(1).normal(size=plain.arrays[f"output/{index}"].shape)
    found = models.traced(SPEC, build, returned={f"pytorch/{index}": steps})
    ends = np.concatenate([steps[:, -1, :3], steps[:, 0, 3:]], 1)
    kernel, bias = (plain.arrays[f"initial/out.{part}"] for part in ("kernel", "bias"))
    np.testing.assert_allclose(found.arrays["logits"], ends @ kernel + bias, 1e-12)
    own = plain.arrays[f"output/{index}"]
    np.testing.assert_array_equal(found.arrays[f"output/{index}"], own)


def test_a_gradient_passes_to_what_the_values_stand_for(tmp_path):
    build = models.builder(tmp_path, models.SOURCES["mlp"])
    plain = models.traced(SPEC, build)
    found = models.traced(SPEC, build, returned=returned(outputs(plain)))
    for name, array in plain.arrays.items():
        np.testing.assert_allclose(found.arrays[name], array, 1e-12, 1e-15, err_msg=name)


def test_values_of_another_shape_are_refused(tmp_path):
    build = models.builder(tmp_path, models.SOURCES["mlp"])
    with pytest.raises(BadWeights, match=r"1 returns \[6, 16\], and \[6, 15\] is to take"):
        models.traced(SPEC, build, returned={"pytorch/1": np.ones((6, 15))})


def test_what_the_other_side_is_to_return_is_not_taken(tmp_path):
    build = models.builder(tmp_path, models.SOURCES["mlp"])
    plain = models.traced(SPEC, build)
    found = models.traced(SPEC, build, returned={"tensorflow/1": np.ones((6, 16))})
    np.testing.assert_array_equal(found.arrays["logits"], plain.arrays["logits"])
