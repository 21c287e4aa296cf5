"""The history of one quantity over runs that can be compared, and where it changed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from orchestrator.language.phrases import Sentence
from orchestrator.results.estimate import Estimate
from orchestrator.trials.mappings.stored import as_json, fields_of

SCHEMA = "twinrun.track/1"


@dataclass(frozen=True, slots=True)
class Point:
    """One run: its ``value``, the median of so many ``trials``; ``label``: the user's own words.

    ``time``: ISO 8601, empty if not known. ``version`` of the framework.
    """

    run: str
    time: str
    label: str
    version: str
    value: float
    trials: int


@dataclass(frozen=True, slots=True)
class Change:
    """From the point at index ``at`` on values are others; ``run``: its name.

    ``before``, ``after``: medians of the runs between this and the neighbouring changes. ``ratio``:
    after over before, with its interval if there are enough runs. ``p``: the share of random orders
    of the runs that look like a change as much.
    """

    at: int
    run: str
    before: float
    after: float
    ratio: Estimate
    p: float
    sentence: Sentence


@dataclass(frozen=True, slots=True)
class Series:
    """Runs of one ``side`` of one ``workload`` on one machine with one set of settings, in order.

    ``quantity``: its name. ``machine``: in words. ``settings``: those in which it differs from
    other series of the workload. ``sentences``: what was found. ``changes``: None: there are too
    few runs to find any.
    """

    workload: str
    side: str
    quantity: str
    machine: Sentence
    settings: Mapping[str, object]
    points: Sequence[Point]
    changes: Sequence[Change] | None
    sentences: Sequence[Sentence]


@dataclass(frozen=True, slots=True)
class Track:
    """Every series. ``rate``: of each without a change, how often one is claimed at most.

    ``damages``: a sentence for each run that could not be read.
    """

    series: Sequence[Series]
    rate: float
    damages: Sequence[Sentence] = field(default_factory=tuple)


def as_dict(found: Track) -> dict[str, object]:
    return as_json({"schema": SCHEMA, **fields_of(found)})
