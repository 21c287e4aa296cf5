"""The events that a trial reports. Times in seconds, sizes in bytes; otherwise as in job.proto."""

from dataclasses import dataclass, field

from twinrun.contract.enums import JobState, Phase, WeightsKind
from twinrun.contract.memory import MemoryUsed
from twinrun.contract.traced import ModelTraced


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a job did not succeed: on the wire a `google.rpc.Status` with `ErrorInfo`."""

    reason: str
    message: str
    metadata: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StateChanged:
    state: JobState
    failure: Failure | None = None


@dataclass(frozen=True, slots=True)
class PhaseStarted:
    phase: Phase


@dataclass(frozen=True, slots=True)
class PhaseFinished:
    phase: Phase
    seconds: float
    cpu_seconds: float


@dataclass(frozen=True, slots=True)
class DownloadProgress:
    file: str
    source: str
    received_bytes: int
    total_bytes: int


@dataclass(frozen=True, slots=True)
class Inputs:
    data_sha256: str
    initial_weights_sha256: str
    batch_order_sha256: str
    train_samples: int
    test_samples: int
    parameter_count: int
    steps_per_epoch: int
    validation_samples: int = 0
    epoch_operations: float = 0.0
    epoch_bytes: float = 0.0
    augmentation_sha256: str = ""


@dataclass(frozen=True, slots=True)
class GradientNorms:
    parameter: str
    norms: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class StepDetails:
    ordered_losses: tuple[float, ...]
    accuracies: tuple[float, ...]
    gradient_norms: tuple[GradientNorms, ...]


@dataclass(frozen=True, slots=True)
class StepsFinished:
    epoch: int
    first_step: int
    losses: tuple[float, ...]
    details: StepDetails | None = None


@dataclass(frozen=True, slots=True)
class Metrics:
    """Of evaluations; ``others``: the task's further metrics by name, as ``roc_auc``."""

    loss: float
    accuracy: float | None
    samples: int
    others: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Load:
    own_cpu_seconds: float
    other_cpu_seconds: float
    stolen_seconds: float
    throttled_seconds: float
    clock_hertz: float


@dataclass(frozen=True, slots=True)
class EpochFinished:
    epoch: int
    train_seconds: float
    evaluate_seconds: float
    train_loss: float
    test: Metrics
    samples_per_second: float
    data_wait_seconds: float | None = None  # not measured
    sync_seconds: float = 0.0
    running_accuracy: float | None = None
    validation: Metrics | None = None
    load: Load | None = None

    @property
    def test_loss(self) -> float:
        return self.test.loss

    @property
    def test_accuracy(self) -> float | None:
        return self.test.accuracy

    @property
    def validation_loss(self) -> float | None:
        return self.validation.loss if self.validation else None

    @property
    def validation_accuracy(self) -> float | None:
        return self.validation.accuracy if self.validation else None


@dataclass(frozen=True, slots=True)
class Latency:
    batch_size: int
    calls: int
    p50_seconds: float
    p90_seconds: float
    p99_seconds: float
    samples_per_second: float
    largest_difference: float


@dataclass(frozen=True, slots=True)
class EvaluationFinished:
    test: Metrics
    latencies: tuple[Latency, ...] = ()


@dataclass(frozen=True, slots=True)
class WeightsSaved:
    kind: WeightsKind
    sha256: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class LogitsSaved:
    sha256: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class AcceleratorUsed:
    uuid: str
    samples: int
    peak_memory_bytes: int | None = None
    mean_utilization: float | None = None
    mean_power_watts: float | None = None
    energy_joules: float | None = None
    throttled: tuple[str, ...] = ()
    most_processes: int = 0


@dataclass(frozen=True, slots=True)
class ResourcesUsed:
    peak_memory_bytes: int
    peak_device_memory_bytes: int
    accelerator: AcceleratorUsed | None = None
    swapped_bytes: int = 0
    memory: MemoryUsed | None = None


@dataclass(frozen=True, slots=True)
class Operation:
    name: str
    calls: int
    self_seconds: float


@dataclass(frozen=True, slots=True)
class Profiled:
    operations: tuple[Operation, ...]
    total_seconds: float
    steps: int
    kernels: int = 0
    busy_seconds: float = 0.0
    wall_seconds: float = 0.0
    calls: int = 0


@dataclass(frozen=True, slots=True)
class LayerSummary:
    kind: str
    output_shape: tuple[int, ...]
    parameter_count: int
    untrained_count: int = 0


@dataclass(frozen=True, slots=True)
class ModelSummarized:
    layers: tuple[LayerSummary, ...]
    parameter_count: int
    text: str
    untrained_count: int = 0


@dataclass(frozen=True, slots=True)
class ImagesPreviewed:
    shape: tuple[int, ...]
    originals: tuple[float, ...]
    augmented: tuple[float, ...]
    labels: tuple[int, ...]
    read_labels: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class MachineMeasured:
    operations_per_second: float
    bytes_per_second: float
    calls_per_second: float = 0.0


@dataclass(frozen=True, slots=True)
class Accelerator:
    name: str
    uuid: str
    memory_bytes: int


@dataclass(frozen=True, slots=True)
class Environment:
    framework: str
    framework_version: str
    python_version: str = ""
    platform: str = ""
    cpu_model: str = ""
    available_cpus: int = 0
    threads: int = 0
    blas: str = ""
    cuda_version: str = ""
    cudnn_version: str = ""
    driver_version: str = ""
    accelerators: tuple[Accelerator, ...] = ()
    packages: dict[str, str] = field(default_factory=dict)
    precision_notes: str = ""
    cpu_set: str = ""
    cpu_flags: tuple[str, ...] = ()
    cpu_governor: str = ""
    cpu_limit: float = 0.0
    memory_bytes: int = 0
    image: str = ""
    git_commit: str = ""
    debug_build: bool = False
    tf32: bool = False
    variables: dict[str, str] = field(default_factory=dict)
    used: dict[str, str] = field(default_factory=dict)
    own: tuple[str, ...] = ()
    physical_cores: int | None = None


Event = (
    StateChanged
    | PhaseStarted
    | PhaseFinished
    | DownloadProgress
    | Environment
    | Inputs
    | StepsFinished
    | EpochFinished
    | EvaluationFinished
    | WeightsSaved
    | LogitsSaved
    | ResourcesUsed
    | Profiled
    | ModelSummarized
    | MachineMeasured
    | ImagesPreviewed
    | ModelTraced
)
