"""What a job's spec implies about its report."""

import math
from dataclasses import dataclass

from twinrun.contract.converters.specs import spec_from_proto
from twinrun.contract.losses import Loss
from twinrun.contract.stopping import EarlyStopping
from twinrun.v1 import job_pb2

from orchestrator.gate.fault import require, require_from
from orchestrator.gate.scores import loss_of
from orchestrator.gate.tensors import Tensors, of_model, sample_shape

_MOST_EPOCHS, _MOST_BATCH, _MOST_CHUNK = 10_000, 1_000_000, 100_000  # limits of a spec
_MOST_BATCHES = 64  # of a step
_MOST_DEVICES = 64
_MOST = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Expected:
    """``model``: None if the spec does not determine it; ``classes`` likewise.

    ``train_samples`` and ``test_samples``: the maximum, including validation samples; None: not
    known.
    """

    spec: job_pb2.JobSpec
    model: Tensors | None
    classes: int | None
    sample: tuple[int, ...] | None
    train_samples: int | None
    test_samples: int | None

    @property
    def loss(self) -> Loss:
        return loss_of(self.spec)

    @property
    def early_stopping(self) -> EarlyStopping | None:
        return spec_from_proto(self.spec).early_stopping

    @property
    def draws_alike(self) -> bool:
        """Whether the batch order is the spec's."""
        own = job_pb2.OWN_WAY_BATCH_ORDER in self.spec.own_ways
        return self.matched and not own

    @property
    def matched(self) -> bool:
        return self.spec.recipe == job_pb2.RECIPE_MATCHED

    @property
    def augments(self) -> bool:
        return any(value for _, value in self.spec.augmentation.ListFields())

    @property
    def details(self) -> bool:
        """Whether each step must report them: the idiomatic recipe has none."""
        return self.spec.report_step_details and self.matched

    @property
    def images(self) -> int | None:
        """Training images without validation samples; None: not known."""
        dataset = self.spec.dataset
        if not dataset.HasField("train_limit"):
            return None
        return dataset.train_limit - int(dataset.train_limit * dataset.validation_fraction)

    @property
    def step_samples(self) -> int:
        """Samples of a step that is whole."""
        return self.spec.batch_size * (self.spec.accumulate_steps or 1)  # 0: of an older runner

    def steps(self, train_samples: int) -> int:
        """Return the steps of an epoch."""
        steps = math.ceil(train_samples / self.step_samples)
        has_limit = self.spec.HasField("steps_per_epoch_limit")
        return min(steps, self.spec.steps_per_epoch_limit) if has_limit else steps

    def least_steps(self, train_samples: int) -> int:
        """Return the steps if a short last batch may be left out."""
        steps = self.steps(train_samples)
        drops = job_pb2.OWN_WAY_LAST_BATCH in self.spec.own_ways
        return steps - 1 if drops and train_samples % self.spec.batch_size and steps > 1 else steps

    def check_inputs(self, message: job_pb2.Inputs) -> None:
        """Check that these can be the job's. Raises Fault."""
        held, fraction = message.validation_samples, self.spec.dataset.validation_fraction
        for name, count, most in (
            ("train_samples", message.train_samples, (self.train_samples or _MOST) - held),
            ("test_samples", message.test_samples, self.test_samples or _MOST),
        ):
            require_from(f"inputs.{name}", count, 1, most)
        due = int((message.train_samples + held) * fraction)
        require(held == due, "inputs.validation_samples", held, due)
        steps = self.steps(message.train_samples)
        require(message.steps_per_epoch == steps, *_field(message, "steps_per_epoch"), steps)
        if self.model is not None:
            count = sum(math.prod(tensor.shape) for tensor in self.model.values())
            require(message.parameter_count == count, *_field(message, "parameter_count"), count)
        else:
            least = 0 if self.spec.HasField("code") else 1  # idiomatic code need not be paired
            require_from("inputs.parameter_count", message.parameter_count, least, _MOST)

    def gradients(self) -> tuple[list[str], list[str]] | None:
        """Return the tensors that have gradients, and all; None: not known."""
        if self.model is None:
            return None
        return [name for name, each in self.model.items() if each.trained], list(self.model)


def _field(message: job_pb2.Inputs, name: str) -> tuple[str, int]:
    return f"inputs.{name}", getattr(message, name)


def expected(spec: job_pb2.JobSpec) -> Expected:
    """Return the expectations. Raises Fault if the spec itself allows no report."""
    require_from("spec.epochs", spec.epochs, 1, _MOST_EPOCHS)
    require_from("spec.batch_size", spec.batch_size, 1, _MOST_BATCH)
    require_from("spec.accumulate_steps", spec.accumulate_steps, 0, _MOST_BATCHES)
    require_from("spec.devices", spec.devices, 0, _MOST_DEVICES)
    require_from("spec.report_every_steps", spec.report_every_steps, 1, _MOST_CHUNK)
    model, classes = of_model(spec) or (None, None)
    train, test = _most_samples(spec.dataset)
    return Expected(spec, model, classes, sample_shape(spec), train, test)


def _most_samples(dataset: job_pb2.Dataset) -> tuple[int | None, int | None]:
    made: job_pb2.Arrays | job_pb2.Synthetic | None = None
    if dataset.HasField("arrays"):
        made = dataset.arrays
    elif dataset.name == "synthetic":
        made = dataset.synthetic
    train = dataset.train_limit or (made.train_samples if made else None)
    test = dataset.test_limit or (made.test_samples if made else None)
    return train, test
