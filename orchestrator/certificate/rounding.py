"""How far rounding alone makes a framework diverge from itself, and how much others may.

A framework is run again with every initial value moved by one unit in its last place. Another
framework rounds everything differently, so a few times as much is allowed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import assert_never

import numpy as np
from twinrun.contract.enums import Device, Precision
from twinrun.contract.spec import JobSpec

from orchestrator.certificate.gaps import Floats, Gap
from orchestrator.language.phrases import Phrase
from orchestrator.trials.spec import in_tf32

Key = tuple[Phrase, str | None]


@dataclass(frozen=True, slots=True)
class Rule:
    """The bounds of comparisons in a precision.

    ``allowed``: times the smaller of the frameworks' own divergences. From ``knee`` on, where
    rounding has grown until it decides what a step does, ``saturated`` times: there no trial
    diverges much further than any other. After ``judged_steps`` (None: never) ``late`` times,
    ``knee`` tenfold: a unit of the model that is close to a threshold soon switches in one trial
    and not in the other, by chance. ``least``: a smaller divergence means nothing. ``first``: the
    largest difference that rounding makes before any update, None: the job's tolerance. ``jump``:
    from one step to the next, times the framework's own largest jump. ``again``: between logits of
    the same weights, None: ``first``.
    """

    precision: str
    allowed: float
    late: float
    judged_steps: int | None
    knee: float
    least: float
    first: float | None
    saturated: float = 3.0
    jump: float = 100.0
    again: float | None = None

    def bound(self, own: Floats, start: int = 0) -> Floats:
        """Return what is allowed at each step, given the smaller divergence ``own``."""
        steps = np.arange(start, start + len(own))
        after = np.zeros(len(own), bool)
        if self.judged_steps is not None:
            after = steps >= self.judged_steps
        times = np.where(after, self.late, self.allowed)
        knee = np.where(after, 10 * self.knee, self.knee)
        floor = np.maximum(own, self.least)
        allowed = np.minimum(times * floor, np.maximum(knee, self.saturated * floor))
        return np.where(np.isfinite(own), allowed, 0.0)


# Measured where it was needed (tanh, gelu, momentum 0.9 over thousands of steps, biases before a
# batch norm): up to 5.5 times the own divergence, and jumps of 4 times the own ones.
FLOAT64 = Rule("float64", 25.0, 25.0, None, 1e-3, 2.0**-52, None)
FLOAT32 = Rule("float32", 10.0, 1000.0, 100, 1e-2, 2.0**-23, 64 * 2.0**-23)
# On a GPU, calculated: nothing finer than 8 bits agrees, and rounding decides at once.
BFLOAT16 = Rule("bfloat16", 10.0, 100.0, 100, 5e-2, 2.0**-8, 16 * 2.0**-8)
# On a CPU, measured. Both frameworks round a product once, when its sum is complete: two sums
# differ only where their order, in float32, decides which of two neighbours of 8 bits is nearer. A
# single logit differs by such a step; a mean over a batch, and a norm, by far less.
BFLOAT16_CPU = replace(BFLOAT16, least=2.0**-14, first=2.0**-12, again=8 * 2.0**-8)
# Calculated, as of a GPU with bfloat16: float16 has 11 bits. On a CPU, measured, as above.
FLOAT16 = Rule("float16", 10.0, 100.0, 100, 1e-2, 2.0**-11, 16 * 2.0**-11)
FLOAT16_CPU = replace(FLOAT16, least=2.0**-17, first=2.0**-15, again=8 * 2.0**-11)
# TensorFloat-32 has 11 bits in its products and sums in float32.
TF32 = Rule("TF32", 10.0, 1000.0, 100, 1e-2, 2.0**-11, 16 * 2.0**-11)


def rule_of(job: JobSpec) -> Rule:
    """Return the rule of a job."""
    match job.precision:
        case Precision.FLOAT64:
            return FLOAT64
        case Precision.BFLOAT16:
            return BFLOAT16_CPU if job.device is Device.CPU else BFLOAT16
        case Precision.FLOAT16:
            return FLOAT16_CPU if job.device is Device.CPU else FLOAT16
        case Precision.FLOAT32:
            return TF32 if in_tf32(job) else FLOAT32
        case _:
            assert_never(job.precision)


def smaller(own: Sequence[Mapping[Key, Gap]], key: Key, steps: int) -> Floats | None:
    """Return the smaller own divergence so far, float64[steps]; None if one is not known."""
    curves = _curves(own, key, steps)
    smallest: Floats | None = None if curves is None else curves.min(axis=0)
    return smallest


def larger(own: Sequence[Mapping[Key, Gap]], key: Key, steps: int) -> Floats | None:
    """Return the larger own divergence, as `smaller`."""
    curves = _curves(own, key, steps)
    largest: Floats | None = None if curves is None else curves.max(axis=0)
    return largest


def _curves(own: Sequence[Mapping[Key, Gap]], key: Key, steps: int) -> Floats | None:
    """Return the curve of each framework, float64[frameworks, steps]."""
    curves = [gaps[key].running for gaps in own if key in gaps]
    if len(curves) < len(own) or not curves or any(len(curve) < steps for curve in curves):
        return None
    return np.stack([curve[:steps] for curve in curves])


def largest_jump(values: Floats, least: float) -> tuple[float, int]:
    """Return the largest growth, from one step to the next, of the largest so far, and where.

    1.0 at step 0 if there is none.
    """
    running = np.maximum(np.maximum.accumulate(values), least)
    if len(running) < 2:
        return 1.0, 0
    with np.errstate(invalid="ignore"):
        growth = np.nan_to_num(running[1:] / running[:-1], nan=1.0, posinf=np.inf)
    return float(growth.max()), int(growth.argmax()) + 1
