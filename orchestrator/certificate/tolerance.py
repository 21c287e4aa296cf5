"""How far two frameworks may part in float64 and still have done the same arithmetic.

Rounding makes a sum depend on the order of its terms, and every library for products chooses its
own order. What is allowed lies between what rounding was seen to do, and the smallest slip that
matters: data normalised in float32, which is off by 6e-8. It stands in the job spec.
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
    """Return that of a job, with a reason where the job gives none."""
    return job.tolerance if job.tolerance.reason else replace(job.tolerance, reason=_REASON)
