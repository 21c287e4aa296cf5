"""Whether machines are alike: only then do their times belong in one ratio."""

from collections.abc import Mapping, Sequence

from twinrun.v1 import job_pb2

from orchestrator.language.phrases import Phrase, Sentence, english, join
from orchestrator.language.words import COMMA, SEMICOLON

_DIFFERS = Phrase("{what}: {values}")
_AND_MORE = Phrase("{names} and {count} more")
_ON = Phrase("{value!r} on {machines}")
_MOST_NAMES, _MOST_LETTERS = 6, 80
_NOTHING = "-"
# Of an environment: what a time depends on, and no name or number that each machine has of its own.
_FIELDS = (
    *("framework_version", "python_version", "platform", "cpu_model", "available_cpus"),
    *("physical_cores", "cpu_limit", "cpu_governor", "blas", "cuda_version", "cudnn_version"),
    *("driver_version", "tf32", "debug_build"),
)


def facts(environment: job_pb2.Environment) -> dict[str, str]:
    """Return what a time on this machine depends on, by field, as text."""
    found = {name: str(getattr(environment, name)) for name in _FIELDS}
    found["cpu_flags"] = " ".join(sorted(environment.cpu_flags))
    gpus = [f"{gpu.name}, {gpu.memory_bytes:,} bytes" for gpu in environment.accelerators]
    found["accelerators"] = "; ".join(gpus)
    found |= {f"packages.{name}": version for name, version in environment.packages.items()}
    found |= {f"variables.{name}": value for name, value in environment.variables.items()}
    return found


def differences(found: Mapping[str, Mapping[str, str]]) -> list[Sentence]:
    """Say in what machines differ, a sentence for each fact; ``found``: each one's facts."""
    names = dict.fromkeys(name for each in found.values() for name in each)
    differing = []
    for name in names:
        by_value: dict[str, list[str]] = {}
        for machine, each in found.items():
            by_value.setdefault(each.get(name, _NOTHING), []).append(machine)
        if len(by_value) > 1:
            values = [
                english(_ON, value=_cut(value), machines=_named(machines))
                for value, machines in by_value.items()
            ]
            differing.append(english(_DIFFERS, what=name, values=join(SEMICOLON, values)))
    return differing


def _named(machines: Sequence[str]) -> Sentence | str:
    if len(machines) <= _MOST_NAMES:
        return join(COMMA, list(machines))
    named = join(COMMA, list(machines[:_MOST_NAMES]))
    return english(_AND_MORE, names=named, count=len(machines) - _MOST_NAMES)


def _cut(text: str) -> str:
    return text if len(text) <= _MOST_LETTERS else f"{text[:_MOST_LETTERS]}..."
