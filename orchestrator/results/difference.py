"""Two runs: a framework before and after an upgrade or a change of the job, or on two machines."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from twinrun.contract.enums import Execution, JobState

from orchestrator.errors import BadInput
from orchestrator.language.phrases import Phrase, Sentence, english, join
from orchestrator.language.words import SEMICOLON, label
from orchestrator.results.comparison import Comparison
from orchestrator.results.estimate import Estimate, estimate_apart
from orchestrator.results.quantities import EPOCH, test_metric
from orchestrator.storage import store
from orchestrator.trials.mappings.paths import differing_paths, leaves
from orchestrator.trials.mappings.stored import as_json, fields_of
from orchestrator.trials.sides import ARITHMETIC, WORK, whole
from orchestrator.trials.spec import differing_fields, spec_mapping
from orchestrator.trials.trial import Trial

SCHEMA = "twinrun.difference/1"
_OTHER = WORK | {"code", "perturb_initial_weights"}
_OTHER_WORK = Phrase(
    "These runs cannot be compared: their jobs differ in {fields}, so what one epoch takes says "
    "nothing about the other. Repeat one of them with the other's job."
)
_ON_PURPOSE = Phrase(
    "These runs are not of the same job: they differ in {fields}. Their times are compared as they "
    "are."
)
_MACHINES = Phrase(
    "These runs are of different machines ({what}): what differs may be the machines, and not the "
    "frameworks."
)
_HOSTS = Phrase(
    "These runs were made on computers of different names, {first} and {second}, with like "
    "processors: what differs may be the computers, and not the frameworks."
)
_CLUSTER = Phrase(
    "A run with --cluster is compared here: the interval covers how its blocks differ, and not how "
    "its machines do. What is shown may be of the machines, and not of the frameworks."
)
_FROM_TO = Phrase("{field}: {first} and {second}")
_QUALITY = Phrase(
    "{metric} of {side}: {first} in the first run and {second} in the second, medians over the "
    "trials."
)
_HARDWARE = ("cpu_model", "available_cpus", "accelerators")
_NONE_ALIKE = Phrase("No framework has a finished trial in both runs.")
_SLOWER = Phrase(
    "An epoch of {side} took {ratio:.2f} times as long in the second run as in the first ({basis})."
)
_NOT_SHOWN = Phrase(
    "No difference is shown between the epochs of {side} in the two runs; one below "
    "{least:.1%} could not have been seen ({basis})."
)
_COMPILED = Phrase("{sentence} Compiling makes {side} slower at this job.")
_INTERVAL = Phrase("95 %: {low:.2f} to {high:.2f}, {first} and {second} trials")
_TRIALS = Phrase("{first} and {second} trials")
_PROVISIONAL = Phrase("{first} and {second} trials: provisional")


@dataclass(frozen=True, slots=True)
class Change:
    """``field`` of the environment or the spec, and its value in each run; None: missing."""

    field: str
    first: object
    second: object


@dataclass(frozen=True, slots=True)
class Side:
    """A framework in both runs: ``ratio`` of the second run's epochs over the first's."""

    name: str
    ratio: Estimate
    sentence: Sentence
    environment: Sequence[Change]
    quality: Sentence | None = None


@dataclass(frozen=True, slots=True)
class Difference:
    """``spec``: fields in which the jobs differ, as they may.

    ``machines``: that the runs are of different ones; ``purpose``: that they are not of the same
    job, since their arithmetic differs. None: they are of one. ``cluster``: that the blocks of one
    ran on machines of a cluster, which no interval here covers; None: none did.
    """

    sides: Sequence[Side]
    spec: Sequence[Change]
    machines: Sentence | None = None
    purpose: Sentence | None = None
    cluster: Sentence | None = None

    @property
    def sentences(self) -> list[Sentence]:
        """What limits the result, then the result for each side."""
        limits = (self.machines, self.cluster, self.purpose)
        return [
            *(each for each in limits if each is not None),
            *(side.sentence for side in self.sides),
        ]


def difference(
    first: Comparison, second: Comparison, hosts: tuple[str, str] = ("", "")
) -> Difference:
    """Compare two runs, made on ``hosts``, empty if not known.

    Raises BadInput if an epoch of one is other work than one of the other, or no side is in both.
    """
    fields = differing_fields([first.job, second.job])
    if other := [field for field in fields if _whole(field) in _OTHER]:
        named = dict.fromkeys(_without_index(field) for field in other)
        raise BadInput(english(_OTHER_WORK, fields=", ".join(named)))
    purposes = dict.fromkeys(_shown(field) for field in fields if _whole(field) in ARITHMETIC)
    compiled = [job.execution is Execution.COMPILED for job in (first.job, second.job)]
    sides = [
        _side(name, first, second, compiled)
        for name in first.trials
        if name in second.trials
        and seconds_of(first.trials[name])
        and seconds_of(second.trials[name])
    ]
    if not sides:
        raise BadInput(english(_NONE_ALIKE))
    return Difference(
        sides,
        list(_changes(spec_mapping(first.job), spec_mapping(second.job), fields)),
        machines=_machines(sides, hosts),
        purpose=english(_ON_PURPOSE, fields=", ".join(purposes)) if purposes else None,
        cluster=english(_CLUSTER) if any(map(of_cluster, _trials(sides, first, second))) else None,
    )


def of_cluster(trials: Sequence[Trial]) -> bool:
    """Return whether trials ran on machines of a cluster."""
    return any(trial.machine for trial in trials)


def _trials(sides: Sequence[Side], *runs: Comparison) -> Iterator[Sequence[Trial]]:
    """Yield each run's trials of each side."""
    yield from (run.trials[side.name] for run in runs for side in sides)


def _whole(field: str) -> str:
    return whole(field.partition("[")[0])


def _shown(field: str) -> str:
    """Return the field; of layers only that they differ."""
    return field.partition("[")[0]


def _without_index(field: str) -> str:
    """Leave out which column or class: with data of another file all of them differ."""
    return field.partition("[")[0] if field.startswith("dataset.") else field


def _machines(sides: Sequence[Side], hosts: tuple[str, str]) -> Sentence | None:
    """Say that the runs are of different machines. None: as far as is known they are of one."""
    changes = {
        change.field: english(_FROM_TO, **fields_of(change))
        for side in sides
        for change in side.environment
        if _whole(change.field) in _HARDWARE
    }
    if changes:
        return english(_MACHINES, what=join(SEMICOLON, list(changes.values())))
    first, second = hosts
    return (
        english(_HOSTS, first=first, second=second)
        if first and second != first and second
        else None
    )


def _side(
    name: str, before_all: Comparison, after_all: Comparison, compiled: Sequence[bool]
) -> Side:
    first, second = before_all.trials[name], after_all.trials[name]
    one, other = seconds_of(first), seconds_of(second)
    ratio = estimate_apart(one, other)
    before, after = _environment(first), _environment(second)
    changes = list(_changes(before, after, differing_paths([before, after])))
    counts = {"first": len(one), "second": len(other)}
    sentence = _sentence(name, ratio, counts)
    slower = [ratio.ratio < 1, ratio.ratio > 1]
    pooled = of_cluster(first) or of_cluster(second)  # then the machines may be slower
    if ratio.shown and compiled == slower and not pooled:  # compiled: one of the two
        sentence = english(_COMPILED, sentence=sentence, side=label(name))
    return Side(name, ratio, sentence, changes, _quality(name, before_all, after_all))


def _quality(name: str, first: Comparison, second: Comparison) -> Sentence | None:
    """Say what the task's metric is in each run. None: they have none in common."""
    metric, other = test_metric(first.job), test_metric(second.job)
    values = [metric.of(run.counted.get(name, ()), run.job) for run in (first, second)]
    if metric.name != other.name or values[0] is None or values[1] is None:
        return None
    one, two = map(metric.written, (values[0], values[1]))
    return english(_QUALITY, metric=metric.title, side=label(name), first=one, second=two)


def _sentence(name: str, found: Estimate, counts: Mapping[str, int]) -> Sentence:
    side = label(name)
    if found.half_width is None:
        return english(_SLOWER, side=side, ratio=found.ratio, basis=english(_PROVISIONAL, **counts))
    if not found.shown:
        basis = english(_TRIALS, **counts)
        return english(_NOT_SHOWN, side=side, least=found.half_width, basis=basis)
    basis = english(_INTERVAL, low=found.low, high=found.high, **counts)
    return english(_SLOWER, side=side, ratio=found.ratio, basis=basis)


def seconds_of(trials: Sequence[Trial]) -> list[float]:
    """Return the seconds of an epoch of each trial that succeeded."""
    values = [EPOCH.measure(trial, None) for trial in trials if trial.state is JobState.SUCCEEDED]
    return [seconds for seconds in values if seconds]


def _environment(trials: Sequence[Trial]) -> dict[str, object]:
    """Return the environment with packages by name, so that another version is one difference."""
    message = next((trial.environment for trial in trials if trial.environment), None)
    if message is None:
        return {}
    mapping = store.to_mapping(message)
    packages = mapping.pop("packages", {})
    flags = " ".join(mapping.pop("cpu_flags", []))
    return {**mapping, "cpu_flags": flags, **{f"package {k}": v for k, v in packages.items()}}


def _changes(
    first: Mapping[str, object], second: Mapping[str, object], fields: Sequence[str]
) -> Iterator[Change]:
    one, other = dict(leaves(first)), dict(leaves(second))
    for field in fields:
        yield Change(field, one.get(field), other.get(field))


def as_dict(found: Difference) -> dict[str, object]:
    return as_json({"schema": SCHEMA, **fields_of(found)})
