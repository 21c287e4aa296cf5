"""The same workload by each loop, each op by op and as the framework does by default."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from twinrun.contract.enums import JobState
from twinrun.v1 import job_pb2

from orchestrator.language.phrases import Phrase, Sentence, english, stored
from orchestrator.language.words import label
from orchestrator.results.comparison import Comparison
from orchestrator.results.quantities import EPOCH
from orchestrator.trials.numbers import finite
from orchestrator.trials.trial import Trial

SCHEMA = "twinrun.loops/1"
_DEFAULT, _EAGER = job_pb2.EXECUTION_DEFAULT, job_pb2.EXECUTION_EAGER
# What each variant changes of a job.
VARIANTS: Mapping[str, Mapping[str, int]] = {
    "fit": {"loop": job_pb2.LOOP_FIT, "execution": _DEFAULT},
    "custom": {"loop": job_pb2.LOOP_CUSTOM, "execution": _DEFAULT},
    "fit-eager": {"loop": job_pb2.LOOP_FIT, "execution": _EAGER},
    "custom-eager": {"loop": job_pb2.LOOP_CUSTOM, "execution": _EAGER},
}
_TIMES = Phrase(
    "{framework}: a loop of one's own took {custom:.2f} times as long as its own, {eager}."
)
_OP_BY_OP = Phrase("op by op {fit:.2f} and {custom:.2f} times as long")


@dataclass(frozen=True, slots=True)
class Loops:
    """Median seconds of an epoch by variant and framework; a sentence for each framework."""

    epoch_seconds: Mapping[str, Mapping[str, float]]
    sentences: Sequence[Sentence]


def loops(compared: Mapping[str, Comparison]) -> Loops:
    """Of the comparisons by variant, as far as there are any."""
    found = {
        variant: {
            name: seconds
            for name, trials in comparison.counted.items()
            if (seconds := _seconds(trials)) is not None
        }
        for variant, comparison in compared.items()
    }
    frameworks = dict.fromkeys(name for by_name in found.values() for name in by_name)
    return Loops(found, [text for name in frameworks if (text := _sentence(found, name))])


def _seconds(trials: Sequence[Trial]) -> float | None:
    return EPOCH.of([trial for trial in trials if trial.state is JobState.SUCCEEDED], {})


def _sentence(found: Mapping[str, Mapping[str, float]], framework: str) -> Sentence | None:
    """Against the framework's own loop; None where a variant is missing."""
    times = {variant: by_name.get(framework) for variant, by_name in found.items()}
    if set(times) != set(VARIANTS) or not all(times.values()):
        return None
    of = {variant: (seconds or 0.0) / (times["fit"] or 1.0) for variant, seconds in times.items()}
    eager = english(_OP_BY_OP, fit=of["fit-eager"], custom=of["custom-eager"])
    return english(_TIMES, framework=label(framework), custom=of["custom"], eager=eager)


def retold(found: Mapping[str, Any]) -> list[Sentence]:
    """The sentences of a loops.json, made again from what else it holds."""
    times = found["epoch_seconds"]
    names = dict.fromkeys(name for by_name in times.values() for name in by_name)
    again = [text for name in names if (text := _sentence(times, name))]
    return [stored(sentence, *again) for sentence in found["sentences"]]


def as_dict(found: Loops) -> dict[str, Any]:
    """For loops.json."""
    made: dict[str, Any] = finite({"schema": SCHEMA, **asdict(found)})
    return made
