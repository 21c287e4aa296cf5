"""Two runs of the same job: a framework before and after an upgrade, or on two machines."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from twinrun.contract.enums import Execution, JobState

from orchestrator.errors import BadInput
from orchestrator.language.phrases import Phrase, Sentence, english
from orchestrator.language.words import label
from orchestrator.results.comparison import Comparison
from orchestrator.results.estimate import Estimate, estimate_apart
from orchestrator.results.quantities import EPOCH
from orchestrator.storage import store
from orchestrator.trials.mappings.paths import differing_paths, leaves
from orchestrator.trials.mappings.stored import as_json, fields_of
from orchestrator.trials.spec import differing_fields, spec_mapping
from orchestrator.trials.trial import Trial

SCHEMA = "twinrun.difference/1"
# Fields in which two jobs may differ and still be compared: how they run, not what they do.
_HOW = (
    "device",
    "execution",
    "threads",
    "allow_tf32",
    "seed",
    "report_every_steps",
    "target_accuracy",
    "target",
    "profile",
)
_OTHER_JOB = Phrase("These are not the same job, and cannot be compared: they differ in {fields}.")
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


@dataclass(frozen=True, slots=True)
class Difference:
    """``spec``: fields in which the jobs differ, as they may."""

    sides: Sequence[Side]
    spec: Sequence[Change]


def difference(first: Comparison, second: Comparison) -> Difference:
    """Compare two runs. Raises BadInput if the jobs differ, or no framework is in both."""
    fields = differing_fields([first.job, second.job])
    if other := [field for field in fields if field.partition(".")[0] not in _HOW]:
        whole = dict.fromkeys(_without_index(field) for field in other)
        raise BadInput(english(_OTHER_JOB, fields=", ".join(whole)))
    compiled = [job.execution is Execution.COMPILED for job in (first.job, second.job)]
    sides = [
        _side(name, first.trials[name], second.trials[name], compiled)
        for name in first.trials
        if name in second.trials
        and seconds_of(first.trials[name])
        and seconds_of(second.trials[name])
    ]
    if not sides:
        raise BadInput(english(_NONE_ALIKE))
    return Difference(
        sides, list(_changes(spec_mapping(first.job), spec_mapping(second.job), fields))
    )


def _without_index(field: str) -> str:
    """Leave out which column or class: with data of another file all of them differ."""
    return field.partition("[")[0] if field.startswith("dataset.") else field


def _side(
    name: str, first: Sequence[Trial], second: Sequence[Trial], compiled: Sequence[bool]
) -> Side:
    one, other = seconds_of(first), seconds_of(second)
    ratio = estimate_apart(one, other)
    before, after = _environment(first), _environment(second)
    changes = list(_changes(before, after, differing_paths([before, after])))
    counts = {"first": len(one), "second": len(other)}
    sentence = _sentence(name, ratio, counts)
    slower = [ratio.ratio < 1, ratio.ratio > 1]
    if ratio.shown and compiled == slower:  # one of the two
        sentence = english(_COMPILED, sentence=sentence, side=label(name))
    return Side(name, ratio, sentence, changes)


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
