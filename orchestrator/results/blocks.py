"""Which trials count: those of whole blocks, of which every side has one that succeeded."""

from collections.abc import Iterator, Mapping, Sequence

from twinrun.contract.enums import JobState

from orchestrator.language.phrases import Phrase, Sentence, english
from orchestrator.language.words import label
from orchestrator.results.quantities import EPOCH
from orchestrator.trials.trial import Trial

Trials = Mapping[str, Sequence[Trial]]
_NOT_SUCCEEDED = {
    JobState.PENDING: Phrase("trial {number} of {framework} did not start."),
    JobState.RUNNING: Phrase("trial {number} of {framework} was not followed to its end."),
    JobState.FAILED: Phrase("trial {number} of {framework} failed: {error}"),
    JobState.CANCELLED: Phrase("trial {number} of {framework} was cancelled."),
}
_NO_REASON = Phrase("it gave no reason.")
_NO_TIME = Phrase("trial {number} of {framework} reported no training time.")


def in_blocks(trials: Trials, baseline: str) -> dict[str, list[Trial]]:
    """Return the trials for whose number every side has a successful one.

    A side without any does not affect the others, if two are left.
    """
    sound = {side: [t for t in group if is_sound(t)] for side, group in trials.items()}
    able = [side for side, group in sound.items() if group or side == baseline]
    needed = able if len(able) > 1 else list(sound)
    numbers = [{trial.number for trial in sound[side]} for side in needed]
    common = set.intersection(*numbers) if numbers else set()
    return {side: [t for t in group if t.number in common] for side, group in sound.items()}


def is_sound(trial: Trial) -> bool:
    """Return whether a trial succeeded, and was timed."""
    return trial.state is JobState.SUCCEEDED and bool(EPOCH.measure(trial, None))


def counted(trials: Trials, sound: Trials) -> dict[str, Sequence[Trial]]:
    """Return the trials of whole blocks; without any a side's sound ones, or else all of them."""
    return {
        side: sound[side] or [trial for trial in group if is_sound(trial)] or group
        for side, group in trials.items()
    }


def faults_of(trials: Sequence[Trial]) -> Iterator[Sentence]:
    """Yield a sentence for each trial that cannot be compared."""
    for trial in trials:
        if trial.state in _NOT_SUCCEEDED:
            why = trial.error.message if trial.error else english(_NO_REASON)
            phrase = _NOT_SUCCEEDED[trial.state]
            yield english(phrase, framework=label(trial.framework), number=trial.number, error=why)
        elif not is_sound(trial):
            yield english(_NO_TIME, framework=label(trial.framework), number=trial.number)
