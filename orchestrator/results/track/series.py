"""Runs -> series that can be compared, with their changes. Only results are read, no events."""

import itertools
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median

from twinrun.v1 import job_pb2

from orchestrator.language.phrases import Phrase, Sentence, english, join
from orchestrator.language.words import COMMA, label, percent
from orchestrator.results.estimate import Estimate, estimate_apart
from orchestrator.results.quantities import EPOCH, Quantity
from orchestrator.results.track import Change, Point, Series, Track
from orchestrator.results.track.changes import Split, changes, fewest
from orchestrator.storage import machine
from orchestrator.storage.about import About
from orchestrator.storage.files import noting
from orchestrator.storage.store import Run
from orchestrator.trials.changes import written
from orchestrator.trials.mappings.paths import differing_paths, leaves
from orchestrator.trials.mappings.reading import read

_MACHINE = Phrase("{model} with {cpus} CPUs")
_UNKNOWN_MACHINE = Phrase("an unknown machine")
_OTHERWISE = ("seed", "report_step_details", "report_every_steps", "profile")  # no time needs them
_FEW = Phrase("{count} runs are too few to show a change at a rate of {rate}; it takes {fewest}.")
_ONE = Phrase("One run is too few to show a change at a rate of {rate}; it takes {fewest}.")
_NONE = Phrase("No change is shown in {count} runs, at a rate of {rate}.")
_CLUSTER = Phrase(
    "Some of these runs are over machines of --cluster, and no interval here covers how those "
    "differ: a change may be of the machines, and not of the framework."
)
_SLOWER = Phrase("From {run} on {quantity} is {ratio:.3f} times what it was ({basis}).")
_INTERVAL = Phrase("95 %: {low:.3f} to {high:.3f}; {before} runs before, {after} since")
_COUNTS = Phrase("{before} runs before, {after} since")
_RUN = Phrase("{run} ({label})")


@dataclass(frozen=True, slots=True)
class _Trial:
    state: str


@dataclass(frozen=True, slots=True)
class _Accelerator:
    name: str = ""


@dataclass(frozen=True, slots=True)
class _Environment:
    """What of a machine its key is made of, and the framework's version."""

    cpu_model: str = ""
    platform: str = ""
    available_cpus: int = 0
    accelerators: Sequence[_Accelerator] = ()
    framework_version: str = ""

    def message(self) -> job_pb2.Environment:
        gpus = [job_pb2.Accelerator(name=each.name) for each in self.accelerators]
        return job_pb2.Environment(
            cpu_model=self.cpu_model,
            platform=self.platform,
            available_cpus=self.available_cpus,
            accelerators=gpus,
        )

    def words(self) -> Sentence:
        if not self.cpu_model:
            return english(_UNKNOWN_MACHINE)
        cpus = english(_MACHINE, model=self.cpu_model, cpus=self.available_cpus)
        return join(COMMA, [cpus, *(gpu.name for gpu in self.accelerators)])


@dataclass(frozen=True, slots=True)
class _Side:
    environment: _Environment | None = None
    quantities: Mapping[str, float] = field(default_factory=dict)
    trials: Sequence[_Trial] = ()


@dataclass(frozen=True, slots=True)
class _Compared:
    job: Mapping[str, object]
    frameworks: Mapping[str, _Side]
    concurrent: bool = False
    machines: Mapping[str, object] | None = None


@dataclass(frozen=True, slots=True)
class _Found:
    """A point, and what its run must share with others to be compared with them.

    ``over``: its run is over machines of a cluster.
    """

    workload: str
    side: str
    machine: str
    words: Sentence
    settings: Mapping[str, object]
    point: Point
    over: bool

    @property
    def key(self) -> tuple[str, str, str, str]:
        settings = json.dumps(self.settings, sort_keys=True, default=str)
        return self.workload, self.side, self.machine, settings


def track(runs: Sequence[Run], rate: float, quantity: Quantity = EPOCH) -> Track:
    """Return the series of ``runs``, which are given oldest first; a copy of a run counts once."""
    damages = list[Sentence]()
    found = list[_Found]()
    for run in runs:
        with noting(damages):
            found += _points(run, quantity)
    grouped: dict[tuple[str, str, str, str], dict[tuple[str, float], _Found]] = {}
    for each in found:
        point = each.point
        grouped.setdefault(each.key, {}).setdefault((point.time or point.run, point.value), each)
    groups = [list(group.values()) for group in grouped.values()]
    groups.sort(key=lambda group: (group[0].workload, group[0].side))
    return Track([_series(group, groups, rate, quantity) for group in groups], rate, damages)


def _points(run: Run, quantity: Quantity) -> Iterator[_Found]:
    what = run.about()
    mapping = run.result("comparison") if what.kind.is_comparison else None
    if mapping is None:
        return
    compared = read(_Compared, mapping, str(run.path / "comparison.json"))
    settings = {
        path: value
        for path, value in leaves({**compared.job, "concurrent": compared.concurrent})
        if path not in _OTHERWISE
    }
    for side, each in compared.frameworks.items():
        value = each.quantities.get(quantity.name, math.inf)
        if not 0 < value < math.inf:
            continue
        environment = each.environment or _Environment()
        point = _point(what, each, environment.framework_version, value)
        key = machine.key(environment.message())
        over = compared.machines is not None
        yield _Found(what.workload, side, key, environment.words(), settings, point, over)


def _point(what: About, side: _Side, version: str, value: float) -> Point:
    time = what.time.isoformat() if what.time else ""
    succeeded = sum(trial.state == "succeeded" for trial in side.trials)
    return Point(what.name, time, what.label, version, value, succeeded)


def _series(
    group: Sequence[_Found], groups: Sequence[Sequence[_Found]], rate: float, quantity: Quantity
) -> Series:
    first, points = group[0], [each.point for each in group]
    alike = [other[0].settings for other in groups if other[0].workload == first.workload]
    varying = {path: first.settings.get(path) for path in differing_paths(alike)}
    least = fewest(rate)
    names: dict[str, object] = {"count": len(points), "rate": percent(rate), "fewest": least}
    made: list[Change] | None = None
    sentences = [english(_FEW if len(points) > 1 else _ONE, **names)]
    if len(points) >= least:
        made = _changes(points, rate, quantity)
        sentences = [each.sentence for each in made] or [english(_NONE, **names)]
        sentences += [english(_CLUSTER)] if any(each.over for each in group) else []
    return Series(
        first.workload,
        first.side,
        quantity.name,
        first.words,
        varying,
        points,
        made,
        sentences,
    )


def _changes(points: Sequence[Point], rate: float, quantity: Quantity) -> list[Change]:
    values = [point.value for point in points]
    splits = changes(values, rate)
    ends = [0, *(split.at for split in splits), len(values)]
    parts = [values[first:last] for first, last in itertools.pairwise(ends)]
    return [
        _change(points, split, quantity, before, after)
        for split, (before, after) in zip(splits, itertools.pairwise(parts), strict=True)
    ]


def _change(
    points: Sequence[Point],
    split: Split,
    quantity: Quantity,
    before: Sequence[float],
    after: Sequence[float],
) -> Change:
    point, ratio = points[split.at], estimate_apart(before, after)
    run = english(_RUN, run=point.run, label=point.label) if point.label else point.run
    sentence = english(
        _SLOWER,
        run=run,
        quantity=quantity.name,
        ratio=ratio.ratio,
        basis=_basis(ratio, len(before), len(after)),
    )
    ends = median(before), median(after)
    return Change(split.at, point.run, *ends, ratio, split.p, sentence)


def _basis(ratio: Estimate, before: int, after: int) -> Sentence:
    names = {"before": before, "after": after}
    if ratio.low is None:
        return english(_COUNTS, **names)
    return english(_INTERVAL, low=ratio.low, high=ratio.high, **names)


def name(found: Series) -> Sentence:
    """Return what a series is of: workload, side, machine, and settings in which others differ."""
    settings = (f"{path} {written(path, value)}" for path, value in found.settings.items())
    return join(COMMA, [found.workload, label(found.side), found.machine, *settings])
