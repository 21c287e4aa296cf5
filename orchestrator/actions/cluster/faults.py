"""What went wrong in blocks that a command before had run."""

from collections.abc import Iterable, Mapping

from twinrun.contract.enums import JobState

from orchestrator.errors import OrchestratorError
from orchestrator.language.phrases import Sentence
from orchestrator.runners.schedule import raise_unless_succeeded
from orchestrator.storage.store import Run
from orchestrator.trials.sides import runner_of
from orchestrator.trials.trial import Trial


def faults_of(run: Run, ended: Mapping[int, Iterable[Trial]]) -> list[Sentence]:
    """Return a sentence for each trial that failed, as was said then. Raises RunUnreadable."""
    failed = [t for trials in ended.values() for t in trials if t.state is JobState.FAILED]
    return [sentence for trial in failed for sentence in _fault(run, trial)]


def _fault(run: Run, trial: Trial) -> list[Sentence]:
    job = run.job(trial.framework, trial.number)
    if job is None:
        return []
    try:
        raise_unless_succeeded(job, runner_of(trial.framework))
    except OrchestratorError as error:
        return [error.message]
    return []
