"""Run pairs of timed trials again that part at a step, as rounding alone may make them.

A certificate finds out what rounding does with the seed of the job. Other pairs have other seeds,
and in one of 120 that were tried a unit of the model was so close to a threshold that rounding
switched it.
"""

from collections.abc import Iterator, Sequence

from twinrun.contract.converters.specs import spec_to_proto
from twinrun.contract.spec import JobSpec
from twinrun.v1 import job_pb2

from orchestrator.actions.request import Request
from orchestrator.certificate import certificate_file
from orchestrator.certificate.certificate import Certificate
from orchestrator.certificate.takes import MOST_DRAWS, drawn, first_steps
from orchestrator.certificate.timed import in_doubt
from orchestrator.certificate.timed.switched import REPEATED, number_of
from orchestrator.language.phrases import Phrase, say
from orchestrator.runners.finding import Runners
from orchestrator.runners.placement import Placement
from orchestrator.runners.progress import Display, logged
from orchestrator.runners.schedule import run_trials
from orchestrator.storage import store
from orchestrator.storage.about import plain
from orchestrator.storage.store import Run
from orchestrator.trials.trial import Trial

_AGAIN = "again"  # the run in the run
# What happens to a larger share of the pairs is no chance.
_MOST = 0.1
_LOOKING = Phrase("pair {number} parts: run again, its initial values moved by one rounding")


def run_again(run: Run) -> list[Trial]:
    """Return the trials that were run again. Raises RunUnreadable."""
    inner = store.inner(run, _AGAIN)
    return [] if inner is None else list(inner.trials())


def settle(run: Run, request: Request, runners: Runners, display: Display) -> None:
    """Run pairs in doubt again, if there are few, until they are settled or draws run out.

    Raises OrchestratorError.
    """
    certificates = certificate_file.of_run(run)
    if certificates is None:
        return
    for first, second in request.pairs:
        proof = certificates.of_pair(first, second)
        if isinstance(proof, Certificate) and proof.same_job:
            for order in _orders(run, (first, second), proof, display):
                inner = store.inner(run, _AGAIN) or store.within(
                    run, _AGAIN, plain(request.names), request.names, request.spec
                )
                with logged(run.log_path, display) as listen:
                    run_trials(order, runners, inner, listen)


def _orders(
    run: Run, sides: tuple[str, str], proof: Certificate, display: Display
) -> Iterator[Sequence[Placement]]:
    """Yield the trials of each draw of the pairs that are still in doubt then."""
    found = run.trials()
    one, other = ([t for t in found if t.framework == side] for side in sides)
    for draw in range(REPEATED, MOST_DRAWS + 1):
        doubted = in_doubt(one, other, proof.timed, proof.envelope, run_again(run))
        if len(doubted) > max(1, _MOST * len(one)):
            return
        order = [
            Placement(trial.framework, number_of(draw, trial.number), _spec(trial.spec, draw))
            for trial in (*one, *other)
            if trial.number in doubted and trial.spec and trial.spec.seed != proof.job.seed
        ]
        if not order:
            return
        display.stage(say(_LOOKING, number=order[0].number % number_of(1, 0)))
        yield order


def _spec(spec: JobSpec, draw: int) -> job_pb2.JobSpec:
    return drawn(first_steps(spec_to_proto(spec)), draw)
