"""What a user's module would do otherwise without Twinrun: it is refused or noted."""

import pytest

from services.errors import Unsupported
from tests.frameworks.pytorch_code import models

pytest.importorskip("torch")
pytest.importorskip("services.pytorch")

CHECKPOINTED = """
from torch.utils.checkpoint import checkpoint

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Flatten(), nn.Linear(24, 8), nn.Dropout(0.3))
        self.out = nn.Linear(8, 5)

    def forward(self, x):
        return self.out(checkpoint(self.body, x, use_reentrant=REENTRANT))

def build():
    return Net()
"""


@pytest.mark.parametrize("reentrant", ["True", "False"])
@pytest.mark.filterwarnings("ignore:None of the inputs have requires_grad")
def test_dropout_within_a_checkpoint_which_would_draw_again_is_refused(tmp_path, reentrant):
    build = models.builder(tmp_path, CHECKPOINTED.replace("REENTRANT", reentrant))
    with pytest.raises(Unsupported, match="checkpoint") as refused:
        models.traced(models.spec(), build)
    assert refused.value.metadata["field"] == "code.pytorch"
    models.traced(models.spec(without_dropout=True), build)


def test_a_layer_in_fewer_bits_than_the_job_is_noted(tmp_path):
    text = models.module(
        "return self.out(x.to(self.out.weight.dtype)).to(x.dtype)", "self.out.to(torch.bfloat16)"
    )
    found = models.traced(models.spec(), models.builder(tmp_path, text))
    assert "out.weight is bfloat16 in the code, and has the job's precision here." in (
        found.model.notes
    )
