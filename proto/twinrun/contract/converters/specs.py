"""A job spec as its message, and back."""

from collections.abc import Mapping

from twinrun.contract.converters.rule import Reader, Unreadable, write
from twinrun.contract.spec import JobSpec
from twinrun.contract.violation import Violation
from twinrun.v1 import job_pb2


def spec_to_proto(spec: JobSpec) -> job_pb2.JobSpec:
    """Write the spec with every field set."""
    message = job_pb2.JobSpec()
    write(spec, message)
    return message


def spec_from_proto(message: job_pb2.JobSpec) -> JobSpec:
    """Read a spec and fill in defaults, without checking whether its values make sense.

    Raises Unreadable, which names every field that is missing or of an unknown kind.
    """
    spec, violations = readable_spec(message)
    if violations:
        raise Unreadable(violations)
    return spec


def readable_spec(
    message: job_pb2.JobSpec, default_threads: int | None = None
) -> tuple[JobSpec, tuple[Violation, ...]]:
    """Read as much as possible and report the rest, replaced by valid values."""
    reader = Reader(has_defaults=True)
    defaults: dict[str, object] = {"threads": default_threads} if default_threads else {}
    if message.HasField("code"):  # in place of layers
        defaults["layers"] = ()
    spec = reader.read(message, JobSpec, "", defaults)
    return spec, tuple(reader.violations)


def current(mapping: object) -> object:
    """Return a spec's JSON mapping, with what earlier versions and users write otherwise.

    A loss's name alone stands for its defaults. Versions before 0.2 stored it as
    ``LOSS_SOFTMAX_CROSS_ENTROPY``; users write it in lower case. Whether initial values are
    perturbed was a bool before there were several draws. What is no mapping comes back as it is.
    """
    if not isinstance(mapping, Mapping):
        return mapping
    changed = dict(mapping)
    if isinstance(loss := mapping.get("loss"), str):
        changed["loss"] = {loss.removeprefix("LOSS_").lower(): {}}
    if isinstance(perturbed := mapping.get("perturb_initial_weights"), bool):
        changed["perturb_initial_weights"] = int(perturbed)
    return changed


def current_job(mapping: object) -> object:
    """Return a stored job's JSON mapping whose spec is `current`."""
    if not isinstance(mapping, Mapping) or "spec" not in mapping:
        return mapping
    return {**mapping, "spec": current(mapping["spec"])}
