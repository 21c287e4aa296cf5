"""Steps captured in CUDA graphs, with a stand-in for the graphs, since tests need no GPU.

A replay of the stand-in runs the call again, on the memory that was captured.
"""

import pytest
from twinrun.contract.enums import Decayed, DecayForm, Device, Execution, OwnWay
from twinrun.contract.optimizers import Adam, AdamW, Optimizer, Sgd
from twinrun.contract.regularization import Clip, ClipByGlobalNorm, WeightDecay

from services.errors import TrainerFailed
from tests.frameworks import jobs

torch = pytest.importorskip("torch")

from services.pytorch import device, optimizers  # noqa: E402 - after the skip
from services.pytorch.graphs import captured  # noqa: E402 - as above

CAPTURED = {"device": Device.CUDA, "own_ways": frozenset({OwnWay.CUDA_GRAPH})}
CLIP, DECAY = Clip(ClipByGlobalNorm(0.2)), WeightDecay(0.01, DecayForm.DECOUPLED)
OPTIMIZERS = {
    "sgd": Optimizer(Sgd(), 0.01),
    "momentum": Optimizer(Sgd(0.9), 0.01),
    "nesterov, clipped": Optimizer(Sgd(0.9, nesterov=True), 0.01, clip=CLIP),
    "adam": Optimizer(Adam(), 0.01),
    "amsgrad, decaying": Optimizer(Adam(amsgrad=True), 0.01, weight_decay=DECAY),
    "adamw": Optimizer(AdamW(), 0.01),
    "adamw, kernels": Optimizer(AdamW(), 0.01, decayed=Decayed.KERNELS),
}


class StandIn:
    """Counts captures and replays. ``fault``: is called after each replay, with its result."""

    def __init__(self, fault=lambda result: None):
        self.captures = self.replays = 0
        self.fault = fault

    def __call__(self, run, arguments):
        self.captures += 1
        for _ in range(3):
            run(*arguments)
        result = run(*arguments)

        def replay():
            self.replays += 1
            result.copy_(run(*arguments))
            self.fault(result)

        return result, replay


@pytest.fixture
def graphs(monkeypatch):
    """Let jobs for a GPU run on the CPU, and capture with a stand-in."""
    made = StandIn()
    monkeypatch.setattr(captured, "capture", made)
    monkeypatch.setattr(captured, "STEPS_PER_GRAPH", 2)
    prepare = device.prepare
    monkeypatch.setattr(
        device, "prepare", lambda spec, *_: prepare(jobs.replace(spec, device=Device.CPU))
    )
    return made


def trained(framework, job):
    """Return all losses of two epochs, and the weights after them."""
    trainer = framework.Trainer(job, jobs.data(job.precision), jobs.weights(job))
    trainer.warm_up()
    losses = [
        loss for epoch in (0, 1) for steps in trainer.train_epoch(epoch) for loss in steps.losses
    ]
    return losses, {name: array.tolist() for name, array in trainer.weights().items()}


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_capturing_changes_no_bit(framework, graphs, optimizer):
    job = jobs.replace(jobs.UNEVEN, optimizer=OPTIMIZERS[optimizer])
    expected = trained(framework, job)
    assert not graphs.captures
    assert trained(framework, jobs.replace(job, **CAPTURED)) == expected
    assert graphs.captures
    assert graphs.replays > graphs.captures


@pytest.mark.parametrize(
    "case", ["dropouts", "batch norms", "convolutions", "augmented, chunks of uneven length"]
)
def test_nor_does_it_with_masks_moving_statistics_or_augmentation(framework, graphs, case):
    job = jobs.JOBS[case]
    assert trained(framework, jobs.replace(job, **CAPTURED)) == trained(framework, job)
    assert graphs.replays


def test_compiled_steps_are_captured_on_a_gpu(framework, graphs):
    job = jobs.spec(layers=jobs.SHALLOW, execution=Execution.COMPILED)
    losses, weights = trained(framework, job)
    assert not graphs.captures
    got, arrays = trained(framework, jobs.replace(job, device=Device.CUDA))
    assert graphs.captures
    assert got == pytest.approx(losses, rel=1e-13)
    for name, array in arrays.items():
        torch.testing.assert_close(
            torch.tensor(array), torch.tensor(weights[name]), rtol=1e-11, atol=1e-13
        )


def added(tensor):
    """Change one value of ``tensor`` by as little as there is."""
    first = tensor.view(-1)[:1]
    first.copy_(torch.nextafter(first, torch.tensor(float("inf"), dtype=first.dtype)))


def step_of(state):
    """Return a call that changes ``state``, and returns a sum."""

    def run(numbers):
        state.add_(numbers)
        return (state * numbers).sum(0, keepdim=True)

    return run


@pytest.mark.parametrize("place", ["result", "state"])
def test_a_replay_that_differs_in_one_bit_is_refused(monkeypatch, place):
    state = torch.arange(3.0)
    fault = added if place == "result" else lambda _: added(state)
    monkeypatch.setattr(captured, "capture", StandIn(fault))
    with pytest.raises(TrainerFailed, match="CUDA graph differ"):
        captured.Captured(step_of(state), lambda: [state])(torch.ones(3))


@pytest.mark.parametrize("place", ["parameter", "moving statistic", "optimizer"])
def test_it_is_refused_wherever_a_step_keeps_something(framework, graphs, place):
    job = jobs.replace(jobs.JOBS["batch norms"], **CAPTURED)
    trainer = framework.Trainer(job, jobs.data(job.precision), jobs.weights(job))
    steps = trainer._steps
    kept = {
        "parameter": lambda: steps._parameters,
        "moving statistic": lambda: steps._model.kept,
        "optimizer": lambda: optimizers.state(steps._optimizer),
    }[place]
    graphs.fault = lambda _: added(kept()[0].detach())
    with pytest.raises(TrainerFailed, match="CUDA graph differ"):
        trainer.warm_up()


def test_where_plain_calls_differ_from_each_other_nothing_is_refused(monkeypatch):
    state, noise = torch.arange(3.0), iter(range(100))
    monkeypatch.setattr(captured, "capture", StandIn(added))
    call = captured.Captured(lambda x: step_of(state)(x) + next(noise), lambda: [state])
    call(torch.ones(3))


def test_after_the_warm_up_nothing_is_captured(monkeypatch):
    state = torch.arange(3.0)
    monkeypatch.setattr(captured, "capture", StandIn())
    call = captured.Captured(step_of(state), lambda: [state])
    call(torch.ones(3))
    call.seal()
    call(torch.ones(3))
    with pytest.raises(RuntimeError, match="No graph"):
        call(torch.ones(1))
