"""How often a comparison is repeated, and when that is enough."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from orchestrator.language.phrases import Phrase, english, join, say
from orchestrator.language.words import NEXT
from orchestrator.results.circumstances import Caution
from orchestrator.results.comparison import compare
from orchestrator.results.estimate import fewest_pairs
from orchestrator.results.verdict import Verdict
from orchestrator.runners.placement import Enough
from orchestrator.storage.store import Run

_LATE = Phrase("--max-minutes: {minutes:g} minutes have passed; not certain enough yet")
_WIDE = Phrase(
    "The interval extends {width:.1%} to either side, not {precision:.1%} as asked for with "
    "--until-sure."
)
_NO_INTERVAL = Phrase("There is no interval, although --until-sure asked for {precision:.1%}.")
_LONGER = Phrase("Allow more time: --max-minutes.")
_SO_FAR = Phrase("{number} repetitions: {sentence}")


@dataclass(frozen=True, slots=True)
class Plan:
    """At least ``repeats`` repetitions, each with a seed of its own unless ``same_seed``.

    ``precision``: continue until the 95 % interval extends at most this far to either side, a
    fraction, and for no more than ``most_seconds``; None: no more than ``repeats``.
    """

    repeats: int = 1
    same_seed: bool = False
    precision: float | None = None
    most_seconds: float = 1800.0


def enough(plan: Plan, run: Run, tell: Callable[[str], None]) -> Enough:
    """Return a judge of what ``run`` has; a failed trial also ends it.

    ``tell`` gets its progress.
    """
    began = time.monotonic()
    fewest = fewest_pairs(max(1, len(run.about().sides) - 1))
    least = plan.repeats if plan.precision is None else max(plan.repeats, fewest)

    def judge(number: int) -> bool:
        if number < least:
            return _failed(run) if plan.precision is not None else False
        if plan.precision is None:
            return True
        verdicts = _verdicts(run)
        if not verdicts or _failed(run):
            return True
        sentence = join(NEXT, [each.sentence for each in verdicts])
        tell(say(_SO_FAR, number=number, sentence=sentence))
        if all(
            each.least_seen is not None and each.least_seen <= plan.precision for each in verdicts
        ):
            return True
        late = time.monotonic() - began > plan.most_seconds
        if late:
            tell(say(_LATE, minutes=plan.most_seconds / 60))
        return late

    return judge


def cautions(verdicts: Sequence[Verdict], precision: float | None) -> list[Caution]:
    """Return a warning if the repetitions ended before an interval was narrow enough.

    ``precision``: the half-width to repeat for, a fraction; None: any.
    """
    widths = [each.least_seen for each in verdicts]
    if precision is None or all(each is not None and each <= precision for each in widths):
        return []
    widest = max((each for each in widths if each is not None), default=None)
    sentence = english(_WIDE if widest else _NO_INTERVAL, width=widest, precision=precision)
    return [Caution("NOT_PRECISE", sentence, english(_LONGER))]


def _verdicts(run: Run) -> list[Verdict]:
    what = run.about()
    return compare(run.job_spec(), run.trials(), sides=what.sides, baseline=what.baseline).verdicts


def _failed(run: Run) -> bool:
    return any(trial.error is not None for trial in run.trials())
