"""Trials that differ in one thing each -> the effect of each difference on a comparison."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from statistics import median

from twinrun.contract.events import Inputs
from twinrun.contract.spec import JobSpec

from orchestrator.language.phrases import Phrase, Sentence, english
from orchestrator.results.agreement import agreement
from orchestrator.results.circumstances import Caution, taken
from orchestrator.results.estimate import Amount, Estimate, estimate, estimate_amount
from orchestrator.results.habits import effects
from orchestrator.results.habits.effects import Pairs
from orchestrator.results.habits.numbering import repetition_of
from orchestrator.results.habits.pitfall import Pitfall
from orchestrator.results.habits.pitfalls import PITFALLS
from orchestrator.results.habits.together import pairs_of
from orchestrator.results.habits.touching import why_none
from orchestrator.trials.mappings.stored import as_json, fields_of
from orchestrator.trials.metrics import ACCURACY, Metric, headline
from orchestrator.trials.trial import Trial

SCHEMA = "twinrun.explanation/1"
SCHEMA_OF_SEVERAL = "twinrun.explanation/2"  # of more than two frameworks
_PASSED = Phrase('"{name}" does not apply: {why}')


@dataclass(frozen=True, slots=True)
class Row:
    """Two frameworks' trials that differ only in ``pitfall``; None: in nothing.

    ``parts_at``: the first step (from 0) at which the losses of any pair of trials are further
    apart than a figure shows; None: at none of the ``steps``. By framework, medians over the
    trials: ``ends``, the ``metric`` as each reports it at the end, empty if a trial lacks it;
    ``seconds`` of training, and those spent waiting for data. Pair by pair: ``apart``, the second
    framework's metric minus the first's, None if one lacks it; ``time``, the second's seconds over
    the first's; and ``loss``, likewise of the mean training loss of the last epoch, None if one is
    not above zero. ``taken``: the share of the CPUs that others took, the median over the trials;
    None: not known. Beside the matched pair of the same seed, None for that itself: ``moved``, by
    how much ``apart`` is another, and ``added``, the factor of ``time``.
    """

    pitfall: Pitfall | None
    steps: int
    parts_at: int | None
    ends: Mapping[str, float]
    seconds: Mapping[str, float]
    wait_seconds: Mapping[str, float]
    apart: Amount | None
    time: Estimate
    taken: float | None
    metric: Metric = ACCURACY
    loss: Estimate | None = None
    moved: Amount | None = None
    added: Estimate | None = None


@dataclass(frozen=True, slots=True)
class Skipped:
    """A pitfall that does not apply to the job, so nothing was measured; ``why``: a sentence."""

    pitfall: Pitfall
    why: Sentence

    @property
    def sentence(self) -> Sentence:
        """Its name, and why it does not apply."""
        return english(_PASSED, name=english(self.pitfall.title), why=self.why)


def explain(trials: Sequence[Trial], frameworks: Sequence[str]) -> list[Row]:
    """Compare two: the matched trials' row first, then one for each pitfall that both ended."""
    found = {
        pitfall: pairs_of(trials, frameworks, partial(repetition_of, pitfall=pitfall))
        for pitfall in (None, *PITFALLS)
    }
    matched = found[None]
    return [_row(pitfall, pairs, matched) for pitfall, pairs in found.items() if pairs]


def inputs_of(trials: Sequence[Trial]) -> dict[str, Inputs]:
    """Return what each side's job has as inputs, as its first trial that tells reports it."""
    found: dict[str, Inputs] = {}
    for trial in trials:
        if trial.inputs:
            found.setdefault(trial.framework, trial.inputs)
    return found


def skipped(
    rows: Sequence[Sequence[Row]], asked: Sequence[Pitfall], job: JobSpec, trials: Sequence[Trial]
) -> list[Skipped]:
    """Return those of the ``asked`` that were not measured, because they touch no side's job.

    ``job``: that of which the sides change something, if anything.
    """
    measured = [row.pitfall for each in rows for row in each]
    inputs, jobs = inputs_of(trials), {trial.framework: trial.spec or job for trial in trials}
    jobs = jobs or {"": job}
    reasons = [(each, why_none(each, jobs, inputs)) for each in asked]
    return [Skipped(each, why) for each, why in reasons if why and each not in measured]


def _row(pitfall: Pitfall | None, pairs: Pairs, matched: Pairs) -> Row:
    both = list(pairs.values())
    first, second = (list(side) for side in zip(*both, strict=True))
    agreed = agreement(first, second)
    lengths = [len(trial.losses) for trial in (*first, *second)]
    same_length = all(len(a.losses) == len(b.losses) for a, b in both)
    together = agreed.steps_together == min(lengths) and same_length
    metric = headline(first[0].spec)
    apart = effects.apart(metric, pairs, pitfall)
    ends = [[effects.end(metric, trial, pitfall) for trial in side] for side in (first, second)]
    seconds = [list(map(effects.seconds_of, side)) for side in (first, second)]
    shares = [share for t in (*first, *second) if (share := taken(t)) is not None]
    names = first[0].framework, second[0].framework
    return Row(
        pitfall=pitfall,
        steps=max(lengths),
        parts_at=None if together else agreed.steps_together,
        ends={
            name: median(value for value in side if value is not None)
            for name, side in zip(names, ends, strict=True)
            if apart
        },
        seconds=dict(zip(names, map(median, seconds), strict=True)),
        wait_seconds={
            side[0].framework: median(t.seconds("data_wait") or 0.0 for t in side)
            for side in (first, second)
        },
        apart=estimate_amount(list(apart.values())) if apart else None,
        time=estimate(seconds[0], seconds[1]),
        taken=median(shares) if shares else None,
        metric=metric,
        loss=effects.loss(pairs),
        moved=effects.moved(metric, pairs, matched, pitfall) if pitfall else None,
        added=effects.added(pairs, matched) if pitfall else None,
    )


def explained(
    trials: Sequence[Trial], frameworks: Sequence[str], baseline: str | None = None
) -> list[list[Row]]:
    """Return rows of the baseline, by default the first, and each other framework.

    A pair without rows is left out.
    """
    first = baseline or frameworks[0]
    pairs = [(first, name) for name in frameworks if name != first]
    return [rows for pair in pairs if (rows := explain(trials, pair))]


def as_dict(
    workload: str,
    pairs: Sequence[Sequence[Row]],
    passed: Sequence[Skipped] = (),
    asked: Sequence[Pitfall] = (),
    cautions: Sequence[Caution] = (),
) -> dict[str, object]:
    """Return the contents of explanation.json; for one pair only its rows.

    ``passed``: what does not apply; ``asked``: what was requested, if that is known; ``cautions``:
    warnings.
    """
    more = {
        "warnings": cautions,
        "skipped": [{"pitfall": each.pitfall.name, "why": each.why} for each in passed],
        **({"asked": [each.name for each in asked]} if asked else {}),
    }
    if len(pairs) > 1:
        mappings = [
            {**dict(zip(("baseline", "side"), rows[0].seconds, strict=True)), "rows": _rows(rows)}
            for rows in pairs
        ]
        return as_json(
            {"schema": SCHEMA_OF_SEVERAL, "workload": workload, "pairs": mappings, **more}
        )
    rows = pairs[0] if pairs else []
    return as_json({"schema": SCHEMA, "workload": workload, "rows": _rows(rows), **more})


def asked_in(found: Mapping[str, object]) -> list[Pitfall]:
    """Return what ``asked`` was in asked.json; empty if it is not known."""
    names = found.get("asked")
    return [each for each in PITFALLS if isinstance(names, list) and each.name in names]


def _rows(rows: Sequence[Row]) -> list[dict[str, object]]:
    """Write them; what is of the metric is named after it, as ``accuracy_difference``."""
    mappings = []
    for row in rows:
        mapping, name = fields_of(row), row.metric.name
        ends, apart = mapping.pop("ends"), mapping.pop("apart")
        mappings.append(
            {
                **mapping,
                "accuracies" if row.metric is ACCURACY else f"{name}_values": ends,
                name: apart,
                "metric": name,
                "pitfall": row.pitfall.name if row.pitfall else None,
                f"{name}_difference": row.apart.value if row.apart else None,
                "time_ratio": row.time.ratio,
            }
        )
    return mappings
