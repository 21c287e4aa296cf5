"""Which specs a runner accepts. Every invalid field is named at once, by its path in the proto."""

from collections.abc import Iterator

from twinrun.contract.enums import OwnWay
from twinrun.contract.losses import SoftmaxCrossEntropy, targets
from twinrun.contract.spec import JobSpec
from twinrun.contract.values import checked_spec
from twinrun.contract.violation import Violation
from twinrun.v1 import job_pb2

from services.data import catalog
from services.errors import InvalidRequest
from services.model import shapes


def valid_spec(
    message: job_pb2.JobSpec, available_cpus: int, default_threads: int | None = None
) -> JobSpec:
    """Return the spec with every default filled in; ``default_threads`` if set, else all CPUs.

    Raises InvalidRequest, which names every invalid field at once.
    """
    spec, all_violations = checked_spec(message, default_threads or available_cpus)
    unset = tuple(f"{violation.field}." for violation in all_violations)
    bad = {violation.field for violation in all_violations}
    if "dataset" not in bad:
        all_violations += [
            violation
            for violation in catalog.violations(spec.dataset)
            if violation.field not in bad and not violation.field.startswith(unset)
        ]
    if spec.threads > available_cpus:
        all_violations.append(
            Violation("threads", f"is {spec.threads}; this runner may use {available_cpus} CPUs")
        )
    bad = {violation.field for violation in all_violations}
    if not any(field.startswith(("dataset", "layers")) for field in bad):
        sizes = catalog.info(spec.dataset)
        misfits = list(shapes.violations(spec.layers, sizes.shape, sizes.outputs))
        all_violations += misfits or shapes.size_violations(spec.layers, sizes.shape)
        all_violations += _loss_violations(spec, sizes)
    if not any(field.startswith(("dataset", "batch_size")) for field in bad):
        all_violations += _batch_violations(spec)
    if all_violations:
        raise InvalidRequest(
            list({violation.field: violation for violation in all_violations[::-1]}.values())[::-1]
        )
    return spec


def _loss_violations(spec: JobSpec, sizes: catalog.DatasetInfo) -> Iterator[Violation]:
    """Name a loss that is of other targets, and class weights of another number of classes."""
    if targets(spec.loss) is not sizes.targets:
        what = f"takes {targets(spec.loss)} for targets, and the dataset has {sizes.targets}"
        yield Violation("loss", what)
    elif isinstance(spec.loss, SoftmaxCrossEntropy) and spec.loss.class_weights:
        if (given := len(spec.loss.class_weights)) != sizes.outputs:
            yield Violation(
                "loss.softmax_cross_entropy.class_weights",
                f"has {given} weights; give one for each of {sizes.outputs} classes",
            )


def _batch_violations(spec: JobSpec) -> Iterator[Violation]:
    """Name a batch size that leaves no step, if a batch that is not whole is left out."""
    if OwnWay.LAST_BATCH not in spec.own_ways:
        return
    samples = catalog.training_samples(spec.dataset)
    whole, rest = divmod(samples, spec.batch_size)
    if whole == 0 or (rest and spec.steps_per_epoch_limit == 1):  # which takes the last batch
        yield Violation(
            "batch_size",
            f"is {spec.batch_size} for {samples:,} training samples, and own_ways has last_batch, "
            "which leaves out a batch that is not whole: no step would be left",
        )
