"""Trials that differ in one thing each -> the effect of each difference on a comparison."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from twinrun.v1 import job_pb2

from orchestrator.results.agreement import agreement
from orchestrator.results.pitfalls import PITFALLS, Pitfall
from orchestrator.results.quantities import TRAINING
from orchestrator.trials.stored import as_json, fields_of
from orchestrator.trials.trial import Trial

SCHEMA = "twinrun.explanation/1"
SCHEMA_OF_SEVERAL = "twinrun.explanation/2"  # of more than two frameworks
MATCHED = 1  # the number of the trials that differ in nothing


@dataclass(frozen=True, slots=True)
class Row:
    """Two frameworks' trials that differ only in ``pitfall``; None: in nothing.

    ``parts_at``: the first step (from 0) at which the losses are further apart than a figure shows;
    None: at none of the ``steps``. By framework: ``accuracies``, 0 to 1, as each reports them at
    the end; ``seconds`` of training, and those spent waiting for data.
    """

    pitfall: Pitfall | None
    steps: int
    parts_at: int | None
    accuracies: Mapping[str, float]
    seconds: Mapping[str, float]
    wait_seconds: Mapping[str, float]

    @property
    def accuracy_difference(self) -> float:
        """The second framework's minus the first's, in -1..1."""
        first, second = self.accuracies.values()
        return second - first

    @property
    def time_ratio(self) -> float:
        """The second framework's seconds over the first's."""
        first, second = self.seconds.values()
        return second / first


def number_of(pitfall: Pitfall) -> int:
    """Return the number of the trials that differ in it."""
    return MATCHED + 1 + PITFALLS.index(pitfall)


def explain(trials: Sequence[Trial], frameworks: Sequence[str]) -> list[Row]:
    """Compare two: the matched trials' row first, then one for each pitfall that both ended."""
    by_name = {trial.name: trial for trial in trials if trial.epochs}
    rows = []
    for pitfall in (None, *PITFALLS):
        number = number_of(pitfall) if pitfall else MATCHED
        sides = [by_name.get(f"{name}-{number}") for name in frameworks]
        first, second = sides
        if first and second:
            rows.append(_row(pitfall, first, second))
    return rows


def _row(pitfall: Pitfall | None, first: Trial, second: Trial) -> Row:
    agreed = agreement([first], [second])
    same_length = len(first.losses) == len(second.losses)
    together = agreed.steps_together == agreed.steps and same_length
    return Row(
        pitfall=pitfall,
        steps=max(len(first.losses), len(second.losses)),
        parts_at=None if together else agreed.steps_together,
        accuracies={trial.framework: _accuracy(trial, pitfall) for trial in (first, second)},
        seconds={t.framework: TRAINING.measure(t, None) or 0.0 for t in (first, second)},
        wait_seconds={t.framework: t.seconds("data_wait") or 0.0 for t in (first, second)},
    )


def _accuracy(trial: Trial, pitfall: Pitfall | None) -> float:
    last = trial.epochs[-1]
    if pitfall and pitfall.way == job_pb2.OWN_WAY_ACCURACY and last.running_accuracy is not None:
        return last.running_accuracy
    return last.test_accuracy


def explained(
    trials: Sequence[Trial], frameworks: Sequence[str], baseline: str | None = None
) -> list[list[Row]]:
    """Return rows of the baseline, by default the first, and each other framework.

    A pair without rows is left out.
    """
    first = baseline or frameworks[0]
    pairs = [(first, name) for name in frameworks if name != first]
    return [rows for pair in pairs if (rows := explain(trials, pair))]


def as_dict(workload: str, pairs: Sequence[Sequence[Row]]) -> dict[str, object]:
    """Return the contents of explanation.json; for one pair only its rows."""
    if len(pairs) > 1:
        mappings = [
            {**dict(zip(("baseline", "side"), rows[0].seconds, strict=True)), "rows": _rows(rows)}
            for rows in pairs
        ]
        return as_json({"schema": SCHEMA_OF_SEVERAL, "workload": workload, "pairs": mappings})
    rows = pairs[0] if pairs else []
    return as_json({"schema": SCHEMA, "workload": workload, "rows": _rows(rows)})


def _rows(rows: Sequence[Row]) -> list[dict[str, object]]:
    return [
        {
            **fields_of(row),
            "pitfall": row.pitfall.name if row.pitfall else None,
            "accuracy_difference": row.accuracy_difference,
            "time_ratio": row.time_ratio,
        }
        for row in rows
    ]
