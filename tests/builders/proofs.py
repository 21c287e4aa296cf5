"""Makes what certificates are made of, from a few numbers."""

import dataclasses

import numpy as np
from twinrun.contract.enums import JobState
from twinrun.contract.events import Failure
from twinrun.contract.spec import Tolerance

from orchestrator.certificate.certificate import Proof, certify
from orchestrator.certificate.certificates import Certificates
from orchestrator.certificate.evidence import Evidence
from orchestrator.language.phrases import stored
from tests.builders.events import job, losses, trial

ALLOWED = Tolerance(1e-12, 1e-11, 1e-11, 1e-11, "for a test")
KERNEL = np.arange(1.0, 7.0).reshape(2, 3)
STATISTICS = np.array([0.5, 1.0, 2.0])
STEPS = 100
NAMES = "pytorch", "tensorflow"


def evidence(
    framework="pytorch",
    *,
    precision="FLOAT64",
    step_losses=None,
    kernel=KERNEL,
    statistics=STATISTICS,
    logits=None,
    again=True,
    **given,
):
    """Of a trial of two epochs of 50 steps."""
    given.setdefault("detailed", True)
    values = losses(2) if step_losses is None else step_losses
    done = trial(framework, seconds=(1.0, 1.0), step_losses=list(values), **given)
    logits = np.eye(4) if logits is None else logits
    spec = job(precision=f"PRECISION_{precision}", epochs=2)
    return Evidence(
        dataclasses.replace(done, spec=spec),
        initial_weights={"layers.1.kernel": KERNEL, "layers.1.bias": np.zeros(3)},
        weights={
            "layers.1.kernel": kernel,
            "layers.1.bias": np.ones(3),
            "layers.2.moving_mean": statistics,
        },
        logits=logits,
        again=dict.fromkeys(NAMES, logits) if again else {},
    )


def failed(found):
    """The same of a trial that failed after its last epoch."""
    error = Failure("CHILD_DIED", "It died.")
    ended = dataclasses.replace(found.trial, state=JobState.FAILED, error=error)
    return dataclasses.replace(found, trial=ended)


def with_details(found, **changes):
    details = dataclasses.replace(found.trial.details, **changes)
    return dataclasses.replace(found, trial=dataclasses.replace(found.trial, details=details))


def curve(part, growth=1.0):
    """Losses that part from `losses` by ``part`` at the first step, growing from step to step."""
    values = np.array(losses(2))
    return values * (1 + part * growth ** np.arange(len(values)))


def proof(plain=None, *, moved=None, more=(), again=None, framework="pytorch", **timed):
    """``moved``, ``more`` and ``again``: losses of the perturbed, drawn and repeated trials."""
    plain = plain or evidence(framework)
    name = plain.trial.framework
    precision = plain.job.precision.name

    def other(values):
        if values is None or isinstance(values, Evidence):
            return values
        return evidence(name, step_losses=values, precision=precision)

    draws = [other(each) for each in (moved, *more) if each is not None]
    return Proof(plain, draws, other(again), **timed)


def made(first=None, second=None):
    """The certificate of two sides, each a proof or the evidence of its plain trial."""
    sides = [first or evidence(), second or evidence("tensorflow")]
    proofs = [side if isinstance(side, Proof) else Proof(side) for side in sides]
    return certify(*proofs, ALLOWED, "now")


def certified(sentence="The same job.", *, same_job=True, **changes):
    """What certificate.json holds of two sides, with a sentence of one's own."""
    found = dataclasses.replace(made(), sentence=stored(sentence), same_job=same_job, **changes)
    return Certificates([found])


def rounded(part, *, precision="FLOAT64", own=1e-16, growth=1.3, again=None):
    """Two sides that part by ``part`` where each parts from itself by ``own``, both growing."""
    plain = losses(2)
    first = proof(
        evidence(precision=precision),
        moved=curve(own, growth),
        again=plain if again is None else again,
    )
    apart = curve(part, growth)
    second = proof(
        evidence("tensorflow", precision=precision, step_losses=apart),
        moved=apart * (1 + own * growth ** np.arange(STEPS)),
        again=apart,
    )
    return made(first, second)
