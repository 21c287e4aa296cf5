"""How often a comparison is repeated, and when that is enough."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from orchestrator.actions import threads
from orchestrator.language.phrases import Phrase, Sentence, english, join, say
from orchestrator.language.words import COMMA, label
from orchestrator.results.circumstances import Caution
from orchestrator.results.comparison import Comparison, compare
from orchestrator.results.estimate import fewest_pairs
from orchestrator.results.limits.judging import decisions, is_settled
from orchestrator.results.limits.looks import is_look
from orchestrator.results.verdict import Verdict
from orchestrator.runners.placement import Enough
from orchestrator.runners.progress import Display
from orchestrator.storage.store import Run
from orchestrator.trials.mappings.stored import as_json

LATE = Phrase("--max-minutes: {minutes:g} minutes have passed; not certain enough yet")
_WIDE = Phrase(
    "The interval extends {width:.1%} to either side, not {precision:.1%} as asked for with "
    "--until-sure."
)
_NO_INTERVAL = Phrase("There is no interval, although --until-sure asked for {precision:.1%}.")
_LONGER = Phrase("Allow more time: --max-minutes.")
_PAIR, _PAIR_ON = Phrase("pair {number} of {of}"), Phrase("pair {number}")
_BLOCK, _BLOCK_ON = Phrase("block {number} of {of}"), Phrase("block {number}")
_SO_FAR = Phrase("so far {faster} {ratio:.2f} times as fast")
_SO_FAR_WITHIN = Phrase("so far {faster} {ratio:.2f} times as fast ± {within:.1%}")
_SO_FAR_AS = Phrase("so far {faster} {ratio:.2f} times as fast as {slower}")
_SO_FAR_AS_WITHIN = Phrase("so far {faster} {ratio:.2f} times as fast as {slower} ± {within:.1%}")
_LEFT_SECONDS = Phrase("{seconds:.0f} s left")
_LEFT_MINUTES = Phrase("{minutes:.0f} min left")
_MINUTE = 60.0  # seconds
PROGRESS = "progress"  # the file of a run


@dataclass(frozen=True, slots=True)
class Plan:
    """At least ``repeats`` repetitions, each with a seed of its own unless ``same_seed``.

    ``precision``: continue until the 95 % interval extends at most this far to either side, a
    fraction, and for no more than ``most_seconds``; None: no more than ``repeats``. ``margin``:
    within which the metrics are to be equivalent; it ends nothing. ``fail_if``: conditions, as
    ``--fail-if``; with a ``precision`` it also ends when they are decided.
    """

    repeats: int = 1
    same_seed: bool = False
    precision: float | None = None
    most_seconds: float = 1800.0
    margin: float | None = None
    fail_if: str | None = None


class _Repetitions:
    """Judges whether what ``run`` has is enough, and shows how far it has come."""

    def __init__(self, plan: Plan, run: Run, display: Display) -> None:
        self._plan, self._run, self._display = plan, run, display
        self._began = time.monotonic()
        self._sides = len(run.about().sides)
        self._of = plan.repeats if plan.precision is None else None  # None: not known
        if self._of != 1:
            self._show(0, ())

    def __call__(self, number: int) -> bool:
        """Return whether ``number`` repetitions are enough."""
        if number == self._of or self._is_over(number, found := _comparison(self._run)):
            self._display.stage("")
            return True
        self._show(number, found.verdicts)
        return False

    def _is_over(self, number: int, found: Comparison) -> bool:
        if self._plan.precision is None:
            return False
        if number < max(self._plan.repeats, fewest_pairs(max(1, self._sides - 1))):
            return _failed(self._run)
        if _failed(self._run) or _precise([*found.verdicts, *found.at_best], self._plan.precision):
            return True  # or without a verdict
        if is_look(number) and is_settled(decisions(found, self._run.about())):
            return True
        late = time.monotonic() - self._began > self._plan.most_seconds
        if late:
            self._display.say(say(LATE, minutes=self._plan.most_seconds / 60))
        return late

    def _show(self, number: int, verdicts: Sequence[Verdict]) -> None:
        """Say what runs after ``number`` repetitions."""
        of = self._of
        phrase = (_PAIR if of else _PAIR_ON) if self._sides < 3 else (_BLOCK if of else _BLOCK_ON)
        parts = [english(phrase, number=number + 1, of=of), *map(_so_far, verdicts)]
        if number and of:
            parts.append(_left((time.monotonic() - self._began) / number * (of - number)))
        text = join(COMMA, parts)
        self._display.stage(say(text), number, of)
        self._run.write_result(PROGRESS, as_json({"text": text, "done": number, "of": of}))


def enough(plan: Plan, run: Run, display: Display) -> Enough:
    """Return a judge of what ``run`` has; a failed trial also ends it.

    ``display`` shows which repetition runs, what they came to so far, and how long it still takes;
    ``progress.json`` of the run keeps that.
    """
    return _Repetitions(plan, run, display)


def _so_far(verdict: Verdict) -> Sentence:
    """Say it in a few words; of two sides the slower one need not be named."""
    bare, within = (
        (_SO_FAR, _SO_FAR_WITHIN) if verdict.together == 1 else (_SO_FAR_AS, _SO_FAR_AS_WITHIN)
    )
    phrase = bare if verdict.least_seen is None else within
    names = {"faster": label(verdict.faster), "slower": label(verdict.slower)}
    return english(phrase, **names, ratio=verdict.ratio, within=verdict.least_seen)


def _left(seconds: float) -> Sentence:
    if seconds < _MINUTE:
        return english(_LEFT_SECONDS, seconds=seconds)
    return english(_LEFT_MINUTES, minutes=seconds / _MINUTE)


def cautions(verdicts: Sequence[Verdict], precision: float | None) -> list[Caution]:
    """Return a warning if the repetitions ended before an interval was narrow enough.

    ``precision``: the half-width to repeat for, a fraction; None: any.
    """
    if precision is None or _precise(verdicts, precision):
        return []
    widest = max((each.least_seen for each in verdicts if each.least_seen), default=None)
    sentence = english(_WIDE if widest else _NO_INTERVAL, width=widest, precision=precision)
    return [Caution("NOT_PRECISE", sentence, english(_LONGER))]


def _precise(verdicts: Sequence[Verdict], precision: float) -> bool:
    return all(each.least_seen is not None and each.least_seen <= precision for each in verdicts)


def _comparison(run: Run) -> Comparison:
    what = run.about()
    return compare(
        run.job_spec(),
        run.trials(),
        sides=what.sides,
        baseline=what.baseline,
        searched=threads.of_run(run),
    )


def _failed(run: Run) -> bool:
    return any(trial.error is not None for trial in run.trials())
