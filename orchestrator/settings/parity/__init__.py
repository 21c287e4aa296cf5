"""The cases of a parity table: each kind of the job spec by itself, in a model as small as can be.

Every case is a job of one batch of all samples: there the order of samples is only rounding.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from google.protobuf import json_format
from twinrun.contract.enums import ActivationFunction
from twinrun.v1 import job_pb2

from orchestrator.errors import BadInput
from orchestrator.language.phrases import Phrase, english
from orchestrator.settings.parity.kinds import (
    CLIPS,
    CODES,
    FACTORS,
    FLAT,
    FLATTEN,
    LAYERS,
    LOSSES,
    OPTIMIZERS,
    OUTPUTS,
    SAMPLES,
    SCHEDULES,
    SLOPES,
    STEP,
    STEPS,
    TABLE,
    TANH,
    Layers,
    Sample,
    conv,
    dense,
)

_NO_KIND = Phrase("There is no {names} to be compared; choose from {known}.")


class Group(StrEnum):
    LAYERS = "layers"
    ACTIVATIONS = "activations"
    LOSSES = "losses"
    OPTIMIZERS = "optimizers"
    SCHEDULES = "schedules"
    CLIPPING = "clipping"
    DECAY = "decay"


@dataclass(frozen=True, slots=True)
class Case:
    """``kind``: as the spec names it; ``variant``: which of several cases of it, or empty.

    ``job``: in proto's JSON mapping, without its dataset.
    """

    group: Group
    kind: str
    variant: str
    sample: Sample
    job: Mapping[str, Any]

    @property
    def name(self) -> str:
        return f"{self.kind}, {self.variant}" if self.variant else self.kind

    def spec(self) -> job_pb2.JobSpec:
        """Return the job without its dataset."""
        return json_format.ParseDict(dict(self.job), job_pb2.JobSpec())


def cases(only: Sequence[str] = ()) -> list[Case]:
    """Return all cases, or those of the kinds and groups that ``only`` names. Raises BadInput."""
    every = list(_cases())
    known = dict.fromkeys([*Group, *(case.kind for case in every)])
    if unknown := [name for name in only if name not in known]:
        raise BadInput(english(_NO_KIND, names=", ".join(unknown), known=", ".join(known)))
    return [case for case in every if not only or {case.group.value, case.kind} & set(only)]


def _cases() -> Iterator[Case]:
    for kind, variants in LAYERS.items():
        for variant, (sample, layers) in variants.items():
            yield _case(Group.LAYERS, kind, variant, sample, _around(sample, layers))
    for function in ActivationFunction:
        given = {"function": f"ACTIVATION_FUNCTION_{function.name}", **SLOPES.get(function, {})}
        wide = dense(6, kernel_initializer={"normal": {"stddev": 2}})
        layers = [wide, {"activation": given}, dense(OUTPUTS)]
        yield _case(Group.ACTIVATIONS, function.value, "", FLAT, layers)
    for kind, of_loss in LOSSES.items():
        for variant, (sample, loss) in of_loss.items():
            layers = [TABLE, dense(CODES)] if sample.codes else _small()
            yield _case(Group.LOSSES, kind, variant, sample, layers, loss={kind: loss})
    yield from _of_training()


def _of_training() -> Iterator[Case]:
    """Yield the cases that show over several steps."""
    for kind, variants in OPTIMIZERS.items():
        for variant, given in variants.items():
            yield _steps(Group.OPTIMIZERS, kind, variant, learning_rate=0.02, **{kind: given})
    momentum: dict[str, Any] = {"learning_rate": 0.1, "sgd": {"momentum": 0.9}}
    for kind, given in SCHEDULES.items():
        yield _steps(Group.SCHEDULES, kind, "", **momentum, schedule={kind: given})
    yield _steps(
        *(Group.SCHEDULES, "constant", "warm-up"),
        **momentum,
        schedule={"constant": {}, "warmup_steps": 4},
    )
    for kind, limit in CLIPS.items():
        yield _steps(Group.CLIPPING, kind, "", **momentum, clip={kind: {"limit": limit}})
    for form, factor in FACTORS.items():
        decay = {"factor": factor, "form": f"DECAY_FORM_{form.name}"}
        yield _steps(Group.DECAY, form.value, "", **momentum, weight_decay=decay)


def _small() -> Layers:
    return [dense(6), TANH, dense(OUTPUTS)]


def _steps(group: Group, kind: str, variant: str, **optimizer: Any) -> Case:
    return _case(group, kind, variant, FLAT, _small(), optimizer=optimizer, epochs=STEPS)


def _around(sample: Sample, layers: Layers) -> Layers:
    if sample.codes:
        return [*layers, FLATTEN, dense(OUTPUTS)]
    if len(sample.shape) == 1:
        return [dense(6), *layers, dense(OUTPUTS)]
    first = dense(4) if len(sample.shape) == 2 else conv(4, size=1)
    return [first, *layers, FLATTEN, dense(OUTPUTS)]


def _case(
    group: Group, kind: str, variant: str, sample: Sample, layers: Layers, **given: Any
) -> Case:
    job = {
        "layers": layers,
        "loss": {"mean_squared_error": {}},
        "optimizer": STEP,
        "epochs": 1,
        "batch_size": SAMPLES,
        "threads": 1,
        "seed": 3,
        **given,
    }
    return Case(group, kind, variant, sample, job)
