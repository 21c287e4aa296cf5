"""How far two frameworks may differ in float64 and still have done the same arithmetic.

Rounding makes a sum depend on the order of its terms, and every library for products chooses its
own order. The allowed difference lies between the measured effect of rounding and the smallest
mistake that matters: data normalised in float32, which is off by 6e-8. It is part of the job spec.
"""

from dataclasses import replace

from twinrun.contract.spec import JobSpec, Tolerance

from orchestrator.language.phrases import Phrase

_REASON = Phrase(
    "Seen over 5 epochs (4,690 steps) of mnist-mlp with Adam: 1.1e-13 in the losses, 5.9e-14 in "
    "the gradients' norms, 4.1e-13 in the weights, 7e-15 in the logits. A job that enlarges "
    "rounding is held against its own rounding."
)


def tolerance(job: JobSpec) -> Tolerance:
    """Return the tolerance of a job, with a reason if the job gives none."""
    return job.tolerance if job.tolerance.reason else replace(job.tolerance, reason=_REASON)
