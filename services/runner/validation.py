"""Which specs a runner accepts. Every invalid field is named at once, by its path in the proto."""

from collections.abc import Iterable, Iterator

from twinrun.contract.enums import OwnWay, TargetKind
from twinrun.contract.losses import class_weights, ignored, of_pixels, targets
from twinrun.contract.metrics import metric_names
from twinrun.contract.ranges import between
from twinrun.contract.spec import Augmentation, JobSpec
from twinrun.contract.values import checked_spec
from twinrun.contract.violation import Violation
from twinrun.v1 import job_pb2

from services.data import catalog
from services.errors import InvalidRequest
from services.model import padding, shapes


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
        if spec.code is None or spec.layers:
            misfits = list(shapes.violations(spec.layers, sizes.shape, sizes.target, sizes.codes))
            all_violations += misfits or shapes.size_violations(spec.layers, sizes.shape)
            if not misfits:
                all_violations += padding.violations(
                    *(spec.layers, sizes.shape, sizes.target),
                    ignores=ignored(spec.loss) is not None,
                )
        all_violations += _loss_violations(spec, sizes)
        all_violations += _augmentation_violations(spec, sizes)
        all_violations += _target_violations(spec, sizes)
        if OwnWay.TARGET_SHAPE in spec.own_ways and sizes.outputs != 1:
            what = f"has target_shape, which is of one number; a target has {sizes.outputs}"
            all_violations.append(Violation("own_ways", what))
    if not any(field.startswith(("dataset", "batch_size")) for field in bad):
        all_violations += _batch_violations(spec)
    if all_violations:
        raise InvalidRequest(
            list({violation.field: violation for violation in all_violations[::-1]}.values())[::-1]
        )
    return spec


def check(violations: Iterable[Violation]) -> None:
    """Raise InvalidRequest if there are any."""
    if faults := list(violations):
        raise InvalidRequest(faults)


def _augmentation_violations(spec: JobSpec, sizes: catalog.DatasetInfo) -> Iterator[Violation]:
    """Name an augmentation of what is no image, or has another background in each channel."""
    if spec.augmentation == Augmentation():
        return
    if len(sizes.shape) != 3:
        yield Violation("augmentation", "is of images; leave it out")
    elif sizes.targets is TargetKind.TOKENS or spec.dataset.reconstruct:
        yield Violation("augmentation", "moves images, but not a target of pixels; leave it out")
    normalization = spec.dataset.normalization
    if len({*normalization.means}) > 1 or len({*normalization.stds}) > 1:
        what = "fills with one value; give dataset.normalization one mean and one std"
        yield Violation("augmentation", what)


def _loss_violations(spec: JobSpec, sizes: catalog.DatasetInfo) -> Iterator[Violation]:
    """Name a loss that is of other targets, and class weights of another number of classes."""
    if targets(spec.loss) is not sizes.targets:
        what = f"takes {targets(spec.loss)} for targets, and the dataset has {sizes.targets}"
        yield Violation("loss", what)
    if sizes.positions and of_pixels(spec.loss) is not (len(sizes.positions) == 2):
        had = "texts" if of_pixels(spec.loss) else "pixels"
        yield Violation("loss", f"is not of {had}, and the dataset has classes of {had}")
    if (left_out := ignored(spec.loss)) is not None:
        kind = "pixel" if of_pixels(spec.loss) else "next_token"
        yield from between(f"loss.{kind}_cross_entropy.ignored", left_out, 0, sizes.outputs - 1)
    if (weights := len(class_weights(spec.loss))) not in (0, sizes.outputs):
        what = f"has {weights} weights; give one for each of {sizes.outputs} classes"
        yield Violation("loss.softmax_cross_entropy.class_weights", what)


def _target_violations(spec: JobSpec, sizes: catalog.DatasetInfo) -> Iterator[Violation]:
    """Name a target, or a stop, for whose metric the data have too few classes."""
    names = metric_names(spec.loss, sizes.outputs)
    for field, asked in (("target", spec.target), ("early_stopping", spec.early_stopping)):
        metric = asked.metric if asked else ""
        if metric in metric_names(spec.loss) and metric not in names:
            what = f"a job of {sizes.outputs} classes does not have; it has {', '.join(names)}"
            yield Violation(f"{field}.metric", f"is {metric}, which {what}")


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
