"""What the sides of a comparison change in the job, as their trials had it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from twinrun.contract.spec import JobSpec

from orchestrator.trials.mappings.paths import leaves
from orchestrator.trials.sides import changed_fields
from orchestrator.trials.spec import differing_fields, spec_mapping
from orchestrator.trials.trial import Trial


@dataclass(frozen=True, slots=True)
class Changed:
    """``field``: of the job spec, dotted. ``values`` by side, as in the spec; None: it has none."""

    field: str
    values: Mapping[str, object]


def changes(trials: Mapping[str, Sequence[Trial]]) -> list[Changed]:
    """Return in what the jobs of the sides differ, if the sides change anything."""
    specs = {side: spec for side, group in trials.items() if (spec := _spec(group)) is not None}
    return between(specs) if changed_fields(list(trials)) else []


def of_baseline(
    trials: Mapping[str, Sequence[Trial]], baseline: str | None, job: JobSpec
) -> JobSpec:
    """Return the job that the baseline's trials had; else ``job``, of which each side is made."""
    return (baseline is not None and _spec(trials.get(baseline, ()))) or job


def between(specs: Mapping[str, JobSpec]) -> list[Changed]:
    """Return in what these differ, apart from the seed, which each block has its own of."""
    seedless = {name: replace(spec, seed=0) for name, spec in specs.items()}
    flat = {name: dict(leaves(spec_mapping(spec))) for name, spec in seedless.items()}
    return [
        Changed(field, {name: values.get(field) for name, values in flat.items()})
        for field in differing_fields(list(seedless.values()))
    ]


def written(field: str, value: object) -> str:
    """Write a value as users do: ``compiled`` for EXECUTION_COMPILED; None: a dash."""
    if value is None:
        return "-"
    if isinstance(value, str) and value.isupper():
        prefix = f"{field.rpartition('.')[2].upper()}_"
        return value.removeprefix(prefix).lower()
    return str(value)


def _spec(group: Sequence[Trial]) -> JobSpec | None:
    return next((trial.spec for trial in group if trial.spec), None)
