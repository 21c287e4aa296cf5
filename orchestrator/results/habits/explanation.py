"""Trials that differ in one thing each -> the effect of each difference on a comparison."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from twinrun.contract.spec import JobSpec
from twinrun.v1 import job_pb2

from orchestrator.language.phrases import Phrase, Sentence, english
from orchestrator.results.agreement import agreement
from orchestrator.results.circumstances import Caution, taken
from orchestrator.results.estimate import Amount, Estimate, estimate, estimate_amount
from orchestrator.results.habits.pitfalls import PITFALLS, Pitfall
from orchestrator.results.habits.touching import why_not
from orchestrator.results.quantities import TRAINING
from orchestrator.trials.mappings.stored import as_json, fields_of
from orchestrator.trials.metrics import ACCURACY, Metric, finite, headline
from orchestrator.trials.trial import Trial

SCHEMA = "twinrun.explanation/1"
SCHEMA_OF_SEVERAL = "twinrun.explanation/2"  # of more than two frameworks
MATCHED = 1  # the number of the trials that differ in nothing
_PASSED = Phrase('"{name}" does not apply: {why}')
_REPETITION = 100  # is added to the numbers of the trials of each further repetition


@dataclass(frozen=True, slots=True)
class Row:
    """Two frameworks' trials that differ only in ``pitfall``; None: in nothing.

    ``parts_at``: the first step (from 0) at which the losses of any pair of trials are further
    apart than a figure shows; None: at none of the ``steps``. By framework, medians over the
    trials: ``ends``, the ``metric`` as each reports it at the end, empty if a trial lacks it;
    ``seconds`` of training, and those spent waiting for data. Pair by pair: ``apart``, the second
    framework's metric minus the first's, None if one lacks it, and ``time``, the second's seconds
    over the first's. ``taken``: the share of the CPUs that others took, the median over the
    trials; None: not known.
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


@dataclass(frozen=True, slots=True)
class Skipped:
    """A pitfall that does not apply to the job, so nothing was measured; ``why``: a sentence."""

    pitfall: Pitfall
    why: Sentence

    @property
    def sentence(self) -> Sentence:
        """Its name, and why it does not apply."""
        return english(_PASSED, name=english(self.pitfall.title), why=self.why)


def number_of(pitfall: Pitfall | None, repetition: int = 0) -> int:
    """Return the number of the trials that differ in it, in a repetition, from 0."""
    first = MATCHED if pitfall is None else MATCHED + 1 + PITFALLS.index(pitfall)
    return first + _REPETITION * repetition


def explain(trials: Sequence[Trial], frameworks: Sequence[str]) -> list[Row]:
    """Compare two: the matched trials' row first, then one for each pitfall that both ended."""
    ended = [trial for trial in trials if trial.epochs]
    rows = []
    for pitfall in (None, *PITFALLS):
        first, second = (
            {t.number: t for t in ended if t.framework == name and _is_of(t, pitfall)}
            for name in frameworks
        )
        if common := sorted(first.keys() & second.keys()):
            rows.append(_row(pitfall, [first[n] for n in common], [second[n] for n in common]))
    return rows


def _is_of(trial: Trial, pitfall: Pitfall | None) -> bool:
    return trial.number % _REPETITION == number_of(pitfall)


def skipped(
    rows: Sequence[Sequence[Row]], asked: Sequence[Pitfall], job: JobSpec, trials: Sequence[Trial]
) -> list[Skipped]:
    """Return those of the ``asked`` that were not measured, because they do not apply."""
    measured = [row.pitfall for each in rows for row in each]
    inputs = next((trial.inputs for trial in trials if trial.inputs), None)
    reasons = [(each, why_not(each, job, inputs)) for each in asked]
    return [Skipped(each, why) for each, why in reasons if why and each not in measured]


def _row(pitfall: Pitfall | None, first: Sequence[Trial], second: Sequence[Trial]) -> Row:
    agreed = agreement(first, second)
    both = list(zip(first, second, strict=True))
    lengths = [len(trial.losses) for trial in (*first, *second)]
    same_length = all(len(a.losses) == len(b.losses) for a, b in both)
    together = agreed.steps_together == min(lengths) and same_length
    metric = headline(first[0].spec)
    found = [[_end(metric, trial, pitfall) for trial in side] for side in (first, second)]
    ends = [[value for value in side if value is not None] for side in found]
    known = len(ends[0]) == len(ends[1]) == len(both)
    seconds = [[TRAINING.measure(t, None) or 0.0 for t in side] for side in (first, second)]
    shares = [share for t in (*first, *second) if (share := taken(t)) is not None]
    names = first[0].framework, second[0].framework
    return Row(
        pitfall=pitfall,
        steps=max(lengths),
        parts_at=None if together else agreed.steps_together,
        ends=dict(zip(names, map(median, ends), strict=True)) if known else {},
        seconds=dict(zip(names, map(median, seconds), strict=True)),
        wait_seconds={
            side[0].framework: median(t.seconds("data_wait") or 0.0 for t in side)
            for side in (first, second)
        },
        apart=estimate_amount([b - a for a, b in zip(*ends, strict=True)]) if known else None,
        time=estimate(seconds[0], seconds[1]),
        taken=median(shares) if shares else None,
        metric=metric,
    )


def _end(metric: Metric, trial: Trial, pitfall: Pitfall | None) -> float | None:
    last = trial.final or trial.epochs[-1]
    if pitfall and pitfall.way == job_pb2.OWN_WAY_ACCURACY and last.running_accuracy is not None:
        return last.running_accuracy
    return finite(metric.of(last.test))


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
