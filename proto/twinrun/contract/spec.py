"""The job spec: everything that a job depends on, with its defaults.

Field names, units and defaults are those of ``proto/twinrun/v1/job.proto``. The runner decides what
it refuses.
"""

from dataclasses import dataclass

from twinrun.contract.code import Code, StoredFile
from twinrun.contract.enums import Device, Execution, Loop, OwnWay, Precision, Recipe, TargetKind
from twinrun.contract.layers import Layer
from twinrun.contract.losses import Loss, SoftmaxCrossEntropy
from twinrun.contract.optimizers import Optimizer
from twinrun.contract.stopping import EarlyStopping


@dataclass(frozen=True, slots=True)
class Normalization:
    mean: float = 0.5
    std: float = 0.5
    means: tuple[float, ...] = ()
    stds: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Synthetic:
    train_samples: int = 10_000
    test_samples: int = 2_000
    height: int = 28
    width: int = 28
    channels: int = 1
    classes: int = 10


@dataclass(frozen=True, slots=True)
class File:
    path: str
    target: tuple[str, ...] = ()
    features: tuple[str, ...] = ()
    test_fraction: float = 0.2
    test_path: str = ""
    size: tuple[int, ...] = ()
    grey: bool = False
    context: int = 64
    codes: bool = False


@dataclass(frozen=True, slots=True)
class Arrays:
    sha256: str
    size_bytes: int
    train_samples: int
    test_samples: int
    shape: tuple[int, ...]
    targets: TargetKind
    outputs: int
    pixels: bool = False
    names: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    files: bool = False
    codes: int = 0


@dataclass(frozen=True, slots=True)
class Dataset:
    name: str
    train_limit: int | None = None
    test_limit: int | None = None
    normalization: Normalization = Normalization()
    synthetic: Synthetic = Synthetic()
    validation_fraction: float = 0.0
    file: File | None = None
    arrays: Arrays | None = None
    reconstruct: bool = False


@dataclass(frozen=True, slots=True)
class Augmentation:
    flip: float = 0.0
    rotation_degrees: float = 0.0
    width_shift: float = 0.0
    height_shift: float = 0.0
    zoom: float = 0.0


@dataclass(frozen=True, slots=True)
class Tolerance:
    losses: float = 1e-12
    gradient_norms: float = 1e-11
    weights: float = 1e-11
    logits: float = 1e-11
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Target:
    value: float
    metric: str = ""


_USUAL_LOSS = SoftmaxCrossEntropy()
USUAL_LOSS_SCALE = 1024


@dataclass(frozen=True, slots=True)
class JobSpec:
    dataset: Dataset
    layers: tuple[Layer, ...]
    optimizer: Optimizer
    threads: int
    loss: Loss = _USUAL_LOSS
    epochs: int = 5
    batch_size: int = 64
    seed: int = 0
    recipe: Recipe = Recipe.MATCHED
    loop: Loop = Loop.FIT
    execution: Execution = Execution.DEFAULT
    precision: Precision = Precision.FLOAT32
    device: Device = Device.CPU
    report_every_steps: int = 100
    allow_tf32: bool = False
    own_ways: tuple[OwnWay, ...] = ()
    report_step_details: bool = False
    perturb_initial_weights: int = 0
    steps_per_epoch_limit: int | None = None
    target_accuracy: float | None = None
    profile: bool = False
    augmentation: Augmentation = Augmentation()
    late_epoch: int | None = None
    tolerance: Tolerance = Tolerance()
    target: Target | None = None
    code: Code | None = None
    accumulate_steps: int = 1
    early_stopping: EarlyStopping | None = None
    matched_initial_values: bool = False
    loss_scale: int | None = None
    matched_batch_order: bool = False

    @property
    def gradient_scale(self) -> int:
        """What the loss is multiplied by, and its gradient divided by; 1: neither is done."""
        if self.precision is not Precision.FLOAT16:
            return 1
        return self.loss_scale or USUAL_LOSS_SCALE

    @property
    def step_samples(self) -> int:
        """The samples of a step, which is one update; an epoch's last step may have fewer."""
        return self.batch_size * self.accumulate_steps

    @property
    def blobs(self) -> tuple[StoredFile, ...]:
        """The files that a client uploads before the job."""
        arrays = self.dataset.arrays
        of_code = () if self.code is None else self.code.stored.values()
        of_data = () if arrays is None else (StoredFile(arrays.sha256, arrays.size_bytes),)
        return (*of_data, *of_code)

    @property
    def epoch_numbers(self) -> tuple[int, ...]:
        """The trained epochs, from 0, in order."""
        numbers = range(self.epochs)
        return tuple(numbers) if self.late_epoch is None else (*numbers[:-1], self.late_epoch)
