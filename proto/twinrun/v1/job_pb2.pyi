import datetime

from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.rpc import status_pb2 as _status_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class CodeLayout(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CODE_LAYOUT_UNSPECIFIED: _ClassVar[CodeLayout]
    CODE_LAYOUT_CHANNELS_FIRST: _ClassVar[CodeLayout]
    CODE_LAYOUT_CHANNELS_LAST: _ClassVar[CodeLayout]

class TargetKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    TARGET_KIND_UNSPECIFIED: _ClassVar[TargetKind]
    TARGET_KIND_CLASS: _ClassVar[TargetKind]
    TARGET_KIND_FLAGS: _ClassVar[TargetKind]
    TARGET_KIND_NUMBERS: _ClassVar[TargetKind]
    TARGET_KIND_TOKENS: _ClassVar[TargetKind]

class Interpolation(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    INTERPOLATION_UNSPECIFIED: _ClassVar[Interpolation]
    INTERPOLATION_NEAREST: _ClassVar[Interpolation]
    INTERPOLATION_BILINEAR: _ClassVar[Interpolation]

class ActivationFunction(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ACTIVATION_FUNCTION_UNSPECIFIED: _ClassVar[ActivationFunction]
    ACTIVATION_FUNCTION_RELU: _ClassVar[ActivationFunction]
    ACTIVATION_FUNCTION_TANH: _ClassVar[ActivationFunction]
    ACTIVATION_FUNCTION_SIGMOID: _ClassVar[ActivationFunction]
    ACTIVATION_FUNCTION_GELU: _ClassVar[ActivationFunction]
    ACTIVATION_FUNCTION_SOFTMAX: _ClassVar[ActivationFunction]
    ACTIVATION_FUNCTION_LEAKY_RELU: _ClassVar[ActivationFunction]
    ACTIVATION_FUNCTION_ELU: _ClassVar[ActivationFunction]
    ACTIVATION_FUNCTION_SELU: _ClassVar[ActivationFunction]
    ACTIVATION_FUNCTION_SILU: _ClassVar[ActivationFunction]
    ACTIVATION_FUNCTION_SOFTPLUS: _ClassVar[ActivationFunction]
    ACTIVATION_FUNCTION_GELU_TANH: _ClassVar[ActivationFunction]

class FanMode(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    FAN_MODE_UNSPECIFIED: _ClassVar[FanMode]
    FAN_MODE_IN: _ClassVar[FanMode]
    FAN_MODE_OUT: _ClassVar[FanMode]
    FAN_MODE_AVERAGE: _ClassVar[FanMode]

class Distribution(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DISTRIBUTION_UNSPECIFIED: _ClassVar[Distribution]
    DISTRIBUTION_UNIFORM: _ClassVar[Distribution]
    DISTRIBUTION_NORMAL: _ClassVar[Distribution]

class DecayForm(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DECAY_FORM_UNSPECIFIED: _ClassVar[DecayForm]
    DECAY_FORM_COUPLED: _ClassVar[DecayForm]
    DECAY_FORM_DECOUPLED_TIMES_RATE: _ClassVar[DecayForm]
    DECAY_FORM_DECOUPLED: _ClassVar[DecayForm]

class Decayed(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DECAYED_UNSPECIFIED: _ClassVar[Decayed]
    DECAYED_ALL: _ClassVar[Decayed]
    DECAYED_KERNELS: _ClassVar[Decayed]

class EpsilonPlace(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    EPSILON_PLACE_UNSPECIFIED: _ClassVar[EpsilonPlace]
    EPSILON_PLACE_OUTSIDE: _ClassVar[EpsilonPlace]
    EPSILON_PLACE_INSIDE: _ClassVar[EpsilonPlace]

class ClassWeightsDivisor(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CLASS_WEIGHTS_DIVISOR_UNSPECIFIED: _ClassVar[ClassWeightsDivisor]
    CLASS_WEIGHTS_DIVISOR_WEIGHTS: _ClassVar[ClassWeightsDivisor]
    CLASS_WEIGHTS_DIVISOR_SAMPLES: _ClassVar[ClassWeightsDivisor]

class Recipe(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    RECIPE_UNSPECIFIED: _ClassVar[Recipe]
    RECIPE_MATCHED: _ClassVar[Recipe]
    RECIPE_IDIOMATIC: _ClassVar[Recipe]

class OwnWay(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    OWN_WAY_UNSPECIFIED: _ClassVar[OwnWay]
    OWN_WAY_INITIAL_WEIGHTS: _ClassVar[OwnWay]
    OWN_WAY_BATCH_ORDER: _ClassVar[OwnWay]
    OWN_WAY_ADAM_EPSILON: _ClassVar[OwnWay]
    OWN_WAY_LOSS: _ClassVar[OwnWay]
    OWN_WAY_LAST_BATCH: _ClassVar[OwnWay]
    OWN_WAY_ACCURACY: _ClassVar[OwnWay]
    OWN_WAY_DATA_PIPELINE: _ClassVar[OwnWay]
    OWN_WAY_JIT_COMPILE: _ClassVar[OwnWay]
    OWN_WAY_DENORMALS: _ClassVar[OwnWay]
    OWN_WAY_CUDA_GRAPH: _ClassVar[OwnWay]
    OWN_WAY_TARGET_SHAPE: _ClassVar[OwnWay]
    OWN_WAY_NORM_EPSILON: _ClassVar[OwnWay]
    OWN_WAY_RMSPROP_EPSILON: _ClassVar[OwnWay]
    OWN_WAY_WEIGHT_DECAY: _ClassVar[OwnWay]
    OWN_WAY_NORM_MOMENTUM: _ClassVar[OwnWay]
    OWN_WAY_EPSILON_PLACE: _ClassVar[OwnWay]
    OWN_WAY_SAME_PADDING: _ClassVar[OwnWay]
    OWN_WAY_INITIALIZERS: _ClassVar[OwnWay]
    OWN_WAY_LOSS_READ: _ClassVar[OwnWay]
    OWN_WAY_THREADS: _ClassVar[OwnWay]
    OWN_WAY_PIPELINE_WORKERS: _ClassVar[OwnWay]
    OWN_WAY_TF32: _ClassVar[OwnWay]
    OWN_WAY_CUDNN_BENCHMARK: _ClassVar[OwnWay]
    OWN_WAY_MEMORY_LAYOUT: _ClassVar[OwnWay]

class Loop(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    LOOP_UNSPECIFIED: _ClassVar[Loop]
    LOOP_FIT: _ClassVar[Loop]
    LOOP_CUSTOM: _ClassVar[Loop]

class Execution(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    EXECUTION_UNSPECIFIED: _ClassVar[Execution]
    EXECUTION_DEFAULT: _ClassVar[Execution]
    EXECUTION_EAGER: _ClassVar[Execution]
    EXECUTION_COMPILED: _ClassVar[Execution]

class Precision(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PRECISION_UNSPECIFIED: _ClassVar[Precision]
    PRECISION_FLOAT32: _ClassVar[Precision]
    PRECISION_FLOAT64: _ClassVar[Precision]
    PRECISION_BFLOAT16: _ClassVar[Precision]
    PRECISION_FLOAT16: _ClassVar[Precision]

class Device(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DEVICE_UNSPECIFIED: _ClassVar[Device]
    DEVICE_CPU: _ClassVar[Device]
    DEVICE_CUDA: _ClassVar[Device]

class JobKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    JOB_KIND_UNSPECIFIED: _ClassVar[JobKind]
    JOB_KIND_TRAIN: _ClassVar[JobKind]
    JOB_KIND_EVALUATE: _ClassVar[JobKind]
    JOB_KIND_SUMMARIZE: _ClassVar[JobKind]
    JOB_KIND_MEASURE: _ClassVar[JobKind]
    JOB_KIND_PREVIEW: _ClassVar[JobKind]
    JOB_KIND_TRACE: _ClassVar[JobKind]

class JobState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    JOB_STATE_UNSPECIFIED: _ClassVar[JobState]
    JOB_STATE_PENDING: _ClassVar[JobState]
    JOB_STATE_RUNNING: _ClassVar[JobState]
    JOB_STATE_SUCCEEDED: _ClassVar[JobState]
    JOB_STATE_FAILED: _ClassVar[JobState]
    JOB_STATE_CANCELLED: _ClassVar[JobState]

class Phase(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PHASE_UNSPECIFIED: _ClassVar[Phase]
    PHASE_IMPORT: _ClassVar[Phase]
    PHASE_DATA: _ClassVar[Phase]
    PHASE_BUILD: _ClassVar[Phase]
    PHASE_COMPILE: _ClassVar[Phase]
    PHASE_TRAIN: _ClassVar[Phase]
    PHASE_EVALUATE: _ClassVar[Phase]

class WeightsKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    WEIGHTS_KIND_UNSPECIFIED: _ClassVar[WeightsKind]
    WEIGHTS_KIND_INITIAL: _ClassVar[WeightsKind]
    WEIGHTS_KIND_FINAL: _ClassVar[WeightsKind]
CODE_LAYOUT_UNSPECIFIED: CodeLayout
CODE_LAYOUT_CHANNELS_FIRST: CodeLayout
CODE_LAYOUT_CHANNELS_LAST: CodeLayout
TARGET_KIND_UNSPECIFIED: TargetKind
TARGET_KIND_CLASS: TargetKind
TARGET_KIND_FLAGS: TargetKind
TARGET_KIND_NUMBERS: TargetKind
TARGET_KIND_TOKENS: TargetKind
INTERPOLATION_UNSPECIFIED: Interpolation
INTERPOLATION_NEAREST: Interpolation
INTERPOLATION_BILINEAR: Interpolation
ACTIVATION_FUNCTION_UNSPECIFIED: ActivationFunction
ACTIVATION_FUNCTION_RELU: ActivationFunction
ACTIVATION_FUNCTION_TANH: ActivationFunction
ACTIVATION_FUNCTION_SIGMOID: ActivationFunction
ACTIVATION_FUNCTION_GELU: ActivationFunction
ACTIVATION_FUNCTION_SOFTMAX: ActivationFunction
ACTIVATION_FUNCTION_LEAKY_RELU: ActivationFunction
ACTIVATION_FUNCTION_ELU: ActivationFunction
ACTIVATION_FUNCTION_SELU: ActivationFunction
ACTIVATION_FUNCTION_SILU: ActivationFunction
ACTIVATION_FUNCTION_SOFTPLUS: ActivationFunction
ACTIVATION_FUNCTION_GELU_TANH: ActivationFunction
FAN_MODE_UNSPECIFIED: FanMode
FAN_MODE_IN: FanMode
FAN_MODE_OUT: FanMode
FAN_MODE_AVERAGE: FanMode
DISTRIBUTION_UNSPECIFIED: Distribution
DISTRIBUTION_UNIFORM: Distribution
DISTRIBUTION_NORMAL: Distribution
DECAY_FORM_UNSPECIFIED: DecayForm
DECAY_FORM_COUPLED: DecayForm
DECAY_FORM_DECOUPLED_TIMES_RATE: DecayForm
DECAY_FORM_DECOUPLED: DecayForm
DECAYED_UNSPECIFIED: Decayed
DECAYED_ALL: Decayed
DECAYED_KERNELS: Decayed
EPSILON_PLACE_UNSPECIFIED: EpsilonPlace
EPSILON_PLACE_OUTSIDE: EpsilonPlace
EPSILON_PLACE_INSIDE: EpsilonPlace
CLASS_WEIGHTS_DIVISOR_UNSPECIFIED: ClassWeightsDivisor
CLASS_WEIGHTS_DIVISOR_WEIGHTS: ClassWeightsDivisor
CLASS_WEIGHTS_DIVISOR_SAMPLES: ClassWeightsDivisor
RECIPE_UNSPECIFIED: Recipe
RECIPE_MATCHED: Recipe
RECIPE_IDIOMATIC: Recipe
OWN_WAY_UNSPECIFIED: OwnWay
OWN_WAY_INITIAL_WEIGHTS: OwnWay
OWN_WAY_BATCH_ORDER: OwnWay
OWN_WAY_ADAM_EPSILON: OwnWay
OWN_WAY_LOSS: OwnWay
OWN_WAY_LAST_BATCH: OwnWay
OWN_WAY_ACCURACY: OwnWay
OWN_WAY_DATA_PIPELINE: OwnWay
OWN_WAY_JIT_COMPILE: OwnWay
OWN_WAY_DENORMALS: OwnWay
OWN_WAY_CUDA_GRAPH: OwnWay
OWN_WAY_TARGET_SHAPE: OwnWay
OWN_WAY_NORM_EPSILON: OwnWay
OWN_WAY_RMSPROP_EPSILON: OwnWay
OWN_WAY_WEIGHT_DECAY: OwnWay
OWN_WAY_NORM_MOMENTUM: OwnWay
OWN_WAY_EPSILON_PLACE: OwnWay
OWN_WAY_SAME_PADDING: OwnWay
OWN_WAY_INITIALIZERS: OwnWay
OWN_WAY_LOSS_READ: OwnWay
OWN_WAY_THREADS: OwnWay
OWN_WAY_PIPELINE_WORKERS: OwnWay
OWN_WAY_TF32: OwnWay
OWN_WAY_CUDNN_BENCHMARK: OwnWay
OWN_WAY_MEMORY_LAYOUT: OwnWay
LOOP_UNSPECIFIED: Loop
LOOP_FIT: Loop
LOOP_CUSTOM: Loop
EXECUTION_UNSPECIFIED: Execution
EXECUTION_DEFAULT: Execution
EXECUTION_EAGER: Execution
EXECUTION_COMPILED: Execution
PRECISION_UNSPECIFIED: Precision
PRECISION_FLOAT32: Precision
PRECISION_FLOAT64: Precision
PRECISION_BFLOAT16: Precision
PRECISION_FLOAT16: Precision
DEVICE_UNSPECIFIED: Device
DEVICE_CPU: Device
DEVICE_CUDA: Device
JOB_KIND_UNSPECIFIED: JobKind
JOB_KIND_TRAIN: JobKind
JOB_KIND_EVALUATE: JobKind
JOB_KIND_SUMMARIZE: JobKind
JOB_KIND_MEASURE: JobKind
JOB_KIND_PREVIEW: JobKind
JOB_KIND_TRACE: JobKind
JOB_STATE_UNSPECIFIED: JobState
JOB_STATE_PENDING: JobState
JOB_STATE_RUNNING: JobState
JOB_STATE_SUCCEEDED: JobState
JOB_STATE_FAILED: JobState
JOB_STATE_CANCELLED: JobState
PHASE_UNSPECIFIED: Phase
PHASE_IMPORT: Phase
PHASE_DATA: Phase
PHASE_BUILD: Phase
PHASE_COMPILE: Phase
PHASE_TRAIN: Phase
PHASE_EVALUATE: Phase
WEIGHTS_KIND_UNSPECIFIED: WeightsKind
WEIGHTS_KIND_INITIAL: WeightsKind
WEIGHTS_KIND_FINAL: WeightsKind

class JobSpec(_message.Message):
    __slots__ = ("dataset", "layers", "optimizer", "loss", "epochs", "batch_size", "seed", "recipe", "loop", "execution", "precision", "device", "threads", "report_every_steps", "allow_tf32", "own_ways", "report_step_details", "perturb_initial_weights", "steps_per_epoch_limit", "target_accuracy", "profile", "augmentation", "late_epoch", "tolerance", "target", "code", "accumulate_steps", "early_stopping", "matched_initial_values", "loss_scale", "matched_batch_order")
    DATASET_FIELD_NUMBER: _ClassVar[int]
    LAYERS_FIELD_NUMBER: _ClassVar[int]
    OPTIMIZER_FIELD_NUMBER: _ClassVar[int]
    LOSS_FIELD_NUMBER: _ClassVar[int]
    EPOCHS_FIELD_NUMBER: _ClassVar[int]
    BATCH_SIZE_FIELD_NUMBER: _ClassVar[int]
    SEED_FIELD_NUMBER: _ClassVar[int]
    RECIPE_FIELD_NUMBER: _ClassVar[int]
    LOOP_FIELD_NUMBER: _ClassVar[int]
    EXECUTION_FIELD_NUMBER: _ClassVar[int]
    PRECISION_FIELD_NUMBER: _ClassVar[int]
    DEVICE_FIELD_NUMBER: _ClassVar[int]
    THREADS_FIELD_NUMBER: _ClassVar[int]
    REPORT_EVERY_STEPS_FIELD_NUMBER: _ClassVar[int]
    ALLOW_TF32_FIELD_NUMBER: _ClassVar[int]
    OWN_WAYS_FIELD_NUMBER: _ClassVar[int]
    REPORT_STEP_DETAILS_FIELD_NUMBER: _ClassVar[int]
    PERTURB_INITIAL_WEIGHTS_FIELD_NUMBER: _ClassVar[int]
    STEPS_PER_EPOCH_LIMIT_FIELD_NUMBER: _ClassVar[int]
    TARGET_ACCURACY_FIELD_NUMBER: _ClassVar[int]
    PROFILE_FIELD_NUMBER: _ClassVar[int]
    AUGMENTATION_FIELD_NUMBER: _ClassVar[int]
    LATE_EPOCH_FIELD_NUMBER: _ClassVar[int]
    TOLERANCE_FIELD_NUMBER: _ClassVar[int]
    TARGET_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    ACCUMULATE_STEPS_FIELD_NUMBER: _ClassVar[int]
    EARLY_STOPPING_FIELD_NUMBER: _ClassVar[int]
    MATCHED_INITIAL_VALUES_FIELD_NUMBER: _ClassVar[int]
    LOSS_SCALE_FIELD_NUMBER: _ClassVar[int]
    MATCHED_BATCH_ORDER_FIELD_NUMBER: _ClassVar[int]
    dataset: Dataset
    layers: _containers.RepeatedCompositeFieldContainer[Layer]
    optimizer: Optimizer
    loss: Loss
    epochs: int
    batch_size: int
    seed: int
    recipe: Recipe
    loop: Loop
    execution: Execution
    precision: Precision
    device: Device
    threads: int
    report_every_steps: int
    allow_tf32: bool
    own_ways: _containers.RepeatedScalarFieldContainer[OwnWay]
    report_step_details: bool
    perturb_initial_weights: int
    steps_per_epoch_limit: int
    target_accuracy: float
    profile: bool
    augmentation: Augmentation
    late_epoch: int
    tolerance: Tolerance
    target: Target
    code: Code
    accumulate_steps: int
    early_stopping: EarlyStopping
    matched_initial_values: bool
    loss_scale: int
    matched_batch_order: bool
    def __init__(self, dataset: _Optional[_Union[Dataset, _Mapping]] = ..., layers: _Optional[_Iterable[_Union[Layer, _Mapping]]] = ..., optimizer: _Optional[_Union[Optimizer, _Mapping]] = ..., loss: _Optional[_Union[Loss, _Mapping]] = ..., epochs: _Optional[int] = ..., batch_size: _Optional[int] = ..., seed: _Optional[int] = ..., recipe: _Optional[_Union[Recipe, str]] = ..., loop: _Optional[_Union[Loop, str]] = ..., execution: _Optional[_Union[Execution, str]] = ..., precision: _Optional[_Union[Precision, str]] = ..., device: _Optional[_Union[Device, str]] = ..., threads: _Optional[int] = ..., report_every_steps: _Optional[int] = ..., allow_tf32: _Optional[bool] = ..., own_ways: _Optional[_Iterable[_Union[OwnWay, str]]] = ..., report_step_details: _Optional[bool] = ..., perturb_initial_weights: _Optional[int] = ..., steps_per_epoch_limit: _Optional[int] = ..., target_accuracy: _Optional[float] = ..., profile: _Optional[bool] = ..., augmentation: _Optional[_Union[Augmentation, _Mapping]] = ..., late_epoch: _Optional[int] = ..., tolerance: _Optional[_Union[Tolerance, _Mapping]] = ..., target: _Optional[_Union[Target, _Mapping]] = ..., code: _Optional[_Union[Code, _Mapping]] = ..., accumulate_steps: _Optional[int] = ..., early_stopping: _Optional[_Union[EarlyStopping, _Mapping]] = ..., matched_initial_values: _Optional[bool] = ..., loss_scale: _Optional[int] = ..., matched_batch_order: _Optional[bool] = ...) -> None: ...

class Code(_message.Message):
    __slots__ = ("pytorch", "tensorflow", "pairs", "without_dropout", "files", "initial", "tensors", "notes", "returned")
    class PairsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    PYTORCH_FIELD_NUMBER: _ClassVar[int]
    TENSORFLOW_FIELD_NUMBER: _ClassVar[int]
    PAIRS_FIELD_NUMBER: _ClassVar[int]
    WITHOUT_DROPOUT_FIELD_NUMBER: _ClassVar[int]
    FILES_FIELD_NUMBER: _ClassVar[int]
    INITIAL_FIELD_NUMBER: _ClassVar[int]
    TENSORS_FIELD_NUMBER: _ClassVar[int]
    NOTES_FIELD_NUMBER: _ClassVar[int]
    RETURNED_FIELD_NUMBER: _ClassVar[int]
    pytorch: CodeSource
    tensorflow: CodeSource
    pairs: _containers.ScalarMap[str, str]
    without_dropout: bool
    files: StoredFile
    initial: StoredFile
    tensors: _containers.RepeatedCompositeFieldContainer[CodeTensor]
    notes: _containers.RepeatedScalarFieldContainer[str]
    returned: StoredFile
    def __init__(self, pytorch: _Optional[_Union[CodeSource, _Mapping]] = ..., tensorflow: _Optional[_Union[CodeSource, _Mapping]] = ..., pairs: _Optional[_Mapping[str, str]] = ..., without_dropout: _Optional[bool] = ..., files: _Optional[_Union[StoredFile, _Mapping]] = ..., initial: _Optional[_Union[StoredFile, _Mapping]] = ..., tensors: _Optional[_Iterable[_Union[CodeTensor, _Mapping]]] = ..., notes: _Optional[_Iterable[str]] = ..., returned: _Optional[_Union[StoredFile, _Mapping]] = ...) -> None: ...

class CodeSource(_message.Message):
    __slots__ = ("file", "function", "arguments", "layout", "output", "case")
    FILE_FIELD_NUMBER: _ClassVar[int]
    FUNCTION_FIELD_NUMBER: _ClassVar[int]
    ARGUMENTS_FIELD_NUMBER: _ClassVar[int]
    LAYOUT_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_FIELD_NUMBER: _ClassVar[int]
    CASE_FIELD_NUMBER: _ClassVar[int]
    file: str
    function: str
    arguments: str
    layout: CodeLayout
    output: str
    case: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, file: _Optional[str] = ..., function: _Optional[str] = ..., arguments: _Optional[str] = ..., layout: _Optional[_Union[CodeLayout, str]] = ..., output: _Optional[str] = ..., case: _Optional[_Iterable[int]] = ...) -> None: ...

class StoredFile(_message.Message):
    __slots__ = ("sha256", "size_bytes")
    SHA256_FIELD_NUMBER: _ClassVar[int]
    SIZE_BYTES_FIELD_NUMBER: _ClassVar[int]
    sha256: str
    size_bytes: int
    def __init__(self, sha256: _Optional[str] = ..., size_bytes: _Optional[int] = ...) -> None: ...

class CodeTensor(_message.Message):
    __slots__ = ("name", "shape", "trained", "pytorch", "tensorflow")
    NAME_FIELD_NUMBER: _ClassVar[int]
    SHAPE_FIELD_NUMBER: _ClassVar[int]
    TRAINED_FIELD_NUMBER: _ClassVar[int]
    PYTORCH_FIELD_NUMBER: _ClassVar[int]
    TENSORFLOW_FIELD_NUMBER: _ClassVar[int]
    name: str
    shape: _containers.RepeatedScalarFieldContainer[int]
    trained: bool
    pytorch: str
    tensorflow: str
    def __init__(self, name: _Optional[str] = ..., shape: _Optional[_Iterable[int]] = ..., trained: _Optional[bool] = ..., pytorch: _Optional[str] = ..., tensorflow: _Optional[str] = ...) -> None: ...

class Target(_message.Message):
    __slots__ = ("metric", "value")
    METRIC_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    metric: str
    value: float
    def __init__(self, metric: _Optional[str] = ..., value: _Optional[float] = ...) -> None: ...

class EarlyStopping(_message.Message):
    __slots__ = ("patience", "metric", "min_delta", "keep_best")
    PATIENCE_FIELD_NUMBER: _ClassVar[int]
    METRIC_FIELD_NUMBER: _ClassVar[int]
    MIN_DELTA_FIELD_NUMBER: _ClassVar[int]
    KEEP_BEST_FIELD_NUMBER: _ClassVar[int]
    patience: int
    metric: str
    min_delta: float
    keep_best: bool
    def __init__(self, patience: _Optional[int] = ..., metric: _Optional[str] = ..., min_delta: _Optional[float] = ..., keep_best: _Optional[bool] = ...) -> None: ...

class Tolerance(_message.Message):
    __slots__ = ("losses", "gradient_norms", "weights", "logits", "reason")
    LOSSES_FIELD_NUMBER: _ClassVar[int]
    GRADIENT_NORMS_FIELD_NUMBER: _ClassVar[int]
    WEIGHTS_FIELD_NUMBER: _ClassVar[int]
    LOGITS_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    losses: float
    gradient_norms: float
    weights: float
    logits: float
    reason: str
    def __init__(self, losses: _Optional[float] = ..., gradient_norms: _Optional[float] = ..., weights: _Optional[float] = ..., logits: _Optional[float] = ..., reason: _Optional[str] = ...) -> None: ...

class Dataset(_message.Message):
    __slots__ = ("name", "train_limit", "test_limit", "normalization", "synthetic", "validation_fraction", "file", "arrays", "reconstruct")
    NAME_FIELD_NUMBER: _ClassVar[int]
    TRAIN_LIMIT_FIELD_NUMBER: _ClassVar[int]
    TEST_LIMIT_FIELD_NUMBER: _ClassVar[int]
    NORMALIZATION_FIELD_NUMBER: _ClassVar[int]
    SYNTHETIC_FIELD_NUMBER: _ClassVar[int]
    VALIDATION_FRACTION_FIELD_NUMBER: _ClassVar[int]
    FILE_FIELD_NUMBER: _ClassVar[int]
    ARRAYS_FIELD_NUMBER: _ClassVar[int]
    RECONSTRUCT_FIELD_NUMBER: _ClassVar[int]
    name: str
    train_limit: int
    test_limit: int
    normalization: Normalization
    synthetic: Synthetic
    validation_fraction: float
    file: File
    arrays: Arrays
    reconstruct: bool
    def __init__(self, name: _Optional[str] = ..., train_limit: _Optional[int] = ..., test_limit: _Optional[int] = ..., normalization: _Optional[_Union[Normalization, _Mapping]] = ..., synthetic: _Optional[_Union[Synthetic, _Mapping]] = ..., validation_fraction: _Optional[float] = ..., file: _Optional[_Union[File, _Mapping]] = ..., arrays: _Optional[_Union[Arrays, _Mapping]] = ..., reconstruct: _Optional[bool] = ...) -> None: ...

class Normalization(_message.Message):
    __slots__ = ("mean", "std", "means", "stds")
    MEAN_FIELD_NUMBER: _ClassVar[int]
    STD_FIELD_NUMBER: _ClassVar[int]
    MEANS_FIELD_NUMBER: _ClassVar[int]
    STDS_FIELD_NUMBER: _ClassVar[int]
    mean: float
    std: float
    means: _containers.RepeatedScalarFieldContainer[float]
    stds: _containers.RepeatedScalarFieldContainer[float]
    def __init__(self, mean: _Optional[float] = ..., std: _Optional[float] = ..., means: _Optional[_Iterable[float]] = ..., stds: _Optional[_Iterable[float]] = ...) -> None: ...

class File(_message.Message):
    __slots__ = ("path", "target", "features", "test_fraction", "test_path", "size", "grey", "codes", "context")
    PATH_FIELD_NUMBER: _ClassVar[int]
    TARGET_FIELD_NUMBER: _ClassVar[int]
    FEATURES_FIELD_NUMBER: _ClassVar[int]
    TEST_FRACTION_FIELD_NUMBER: _ClassVar[int]
    TEST_PATH_FIELD_NUMBER: _ClassVar[int]
    SIZE_FIELD_NUMBER: _ClassVar[int]
    GREY_FIELD_NUMBER: _ClassVar[int]
    CODES_FIELD_NUMBER: _ClassVar[int]
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    path: str
    target: _containers.RepeatedScalarFieldContainer[str]
    features: _containers.RepeatedScalarFieldContainer[str]
    test_fraction: float
    test_path: str
    size: _containers.RepeatedScalarFieldContainer[int]
    grey: bool
    codes: bool
    context: int
    def __init__(self, path: _Optional[str] = ..., target: _Optional[_Iterable[str]] = ..., features: _Optional[_Iterable[str]] = ..., test_fraction: _Optional[float] = ..., test_path: _Optional[str] = ..., size: _Optional[_Iterable[int]] = ..., grey: _Optional[bool] = ..., codes: _Optional[bool] = ..., context: _Optional[int] = ...) -> None: ...

class Arrays(_message.Message):
    __slots__ = ("sha256", "size_bytes", "train_samples", "test_samples", "shape", "pixels", "targets", "outputs", "names", "classes", "files", "codes")
    SHA256_FIELD_NUMBER: _ClassVar[int]
    SIZE_BYTES_FIELD_NUMBER: _ClassVar[int]
    TRAIN_SAMPLES_FIELD_NUMBER: _ClassVar[int]
    TEST_SAMPLES_FIELD_NUMBER: _ClassVar[int]
    SHAPE_FIELD_NUMBER: _ClassVar[int]
    PIXELS_FIELD_NUMBER: _ClassVar[int]
    TARGETS_FIELD_NUMBER: _ClassVar[int]
    OUTPUTS_FIELD_NUMBER: _ClassVar[int]
    NAMES_FIELD_NUMBER: _ClassVar[int]
    CLASSES_FIELD_NUMBER: _ClassVar[int]
    FILES_FIELD_NUMBER: _ClassVar[int]
    CODES_FIELD_NUMBER: _ClassVar[int]
    sha256: str
    size_bytes: int
    train_samples: int
    test_samples: int
    shape: _containers.RepeatedScalarFieldContainer[int]
    pixels: bool
    targets: TargetKind
    outputs: int
    names: _containers.RepeatedScalarFieldContainer[str]
    classes: _containers.RepeatedScalarFieldContainer[str]
    files: bool
    codes: int
    def __init__(self, sha256: _Optional[str] = ..., size_bytes: _Optional[int] = ..., train_samples: _Optional[int] = ..., test_samples: _Optional[int] = ..., shape: _Optional[_Iterable[int]] = ..., pixels: _Optional[bool] = ..., targets: _Optional[_Union[TargetKind, str]] = ..., outputs: _Optional[int] = ..., names: _Optional[_Iterable[str]] = ..., classes: _Optional[_Iterable[str]] = ..., files: _Optional[bool] = ..., codes: _Optional[int] = ...) -> None: ...

class Synthetic(_message.Message):
    __slots__ = ("train_samples", "test_samples", "height", "width", "channels", "classes")
    TRAIN_SAMPLES_FIELD_NUMBER: _ClassVar[int]
    TEST_SAMPLES_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    WIDTH_FIELD_NUMBER: _ClassVar[int]
    CHANNELS_FIELD_NUMBER: _ClassVar[int]
    CLASSES_FIELD_NUMBER: _ClassVar[int]
    train_samples: int
    test_samples: int
    height: int
    width: int
    channels: int
    classes: int
    def __init__(self, train_samples: _Optional[int] = ..., test_samples: _Optional[int] = ..., height: _Optional[int] = ..., width: _Optional[int] = ..., channels: _Optional[int] = ..., classes: _Optional[int] = ...) -> None: ...

class Augmentation(_message.Message):
    __slots__ = ("flip", "rotation_degrees", "width_shift", "height_shift", "zoom")
    FLIP_FIELD_NUMBER: _ClassVar[int]
    ROTATION_DEGREES_FIELD_NUMBER: _ClassVar[int]
    WIDTH_SHIFT_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_SHIFT_FIELD_NUMBER: _ClassVar[int]
    ZOOM_FIELD_NUMBER: _ClassVar[int]
    flip: float
    rotation_degrees: float
    width_shift: float
    height_shift: float
    zoom: float
    def __init__(self, flip: _Optional[float] = ..., rotation_degrees: _Optional[float] = ..., width_shift: _Optional[float] = ..., height_shift: _Optional[float] = ..., zoom: _Optional[float] = ...) -> None: ...

class Layer(_message.Message):
    __slots__ = ("flatten", "dense", "activation", "custom_dense", "conv2d", "max_pool2d", "average_pool2d", "batch_norm", "dropout", "embedding", "residual", "concat", "repeat", "layer_norm", "rms_norm", "group_norm", "global_average_pool2d", "global_max_pool2d", "zero_padding2d", "up_sampling2d", "conv1d", "spatial_dropout2d", "conv2d_transpose", "lstm", "gru", "last_step", "position_embedding", "multi_head_attention", "bidirectional", "global_average_pool1d", "global_max_pool1d", "sinusoidal_positions", "to_sequence")
    FLATTEN_FIELD_NUMBER: _ClassVar[int]
    DENSE_FIELD_NUMBER: _ClassVar[int]
    ACTIVATION_FIELD_NUMBER: _ClassVar[int]
    CUSTOM_DENSE_FIELD_NUMBER: _ClassVar[int]
    CONV2D_FIELD_NUMBER: _ClassVar[int]
    MAX_POOL2D_FIELD_NUMBER: _ClassVar[int]
    AVERAGE_POOL2D_FIELD_NUMBER: _ClassVar[int]
    BATCH_NORM_FIELD_NUMBER: _ClassVar[int]
    DROPOUT_FIELD_NUMBER: _ClassVar[int]
    EMBEDDING_FIELD_NUMBER: _ClassVar[int]
    RESIDUAL_FIELD_NUMBER: _ClassVar[int]
    CONCAT_FIELD_NUMBER: _ClassVar[int]
    REPEAT_FIELD_NUMBER: _ClassVar[int]
    LAYER_NORM_FIELD_NUMBER: _ClassVar[int]
    RMS_NORM_FIELD_NUMBER: _ClassVar[int]
    GROUP_NORM_FIELD_NUMBER: _ClassVar[int]
    GLOBAL_AVERAGE_POOL2D_FIELD_NUMBER: _ClassVar[int]
    GLOBAL_MAX_POOL2D_FIELD_NUMBER: _ClassVar[int]
    ZERO_PADDING2D_FIELD_NUMBER: _ClassVar[int]
    UP_SAMPLING2D_FIELD_NUMBER: _ClassVar[int]
    CONV1D_FIELD_NUMBER: _ClassVar[int]
    SPATIAL_DROPOUT2D_FIELD_NUMBER: _ClassVar[int]
    CONV2D_TRANSPOSE_FIELD_NUMBER: _ClassVar[int]
    LSTM_FIELD_NUMBER: _ClassVar[int]
    GRU_FIELD_NUMBER: _ClassVar[int]
    LAST_STEP_FIELD_NUMBER: _ClassVar[int]
    POSITION_EMBEDDING_FIELD_NUMBER: _ClassVar[int]
    MULTI_HEAD_ATTENTION_FIELD_NUMBER: _ClassVar[int]
    BIDIRECTIONAL_FIELD_NUMBER: _ClassVar[int]
    GLOBAL_AVERAGE_POOL1D_FIELD_NUMBER: _ClassVar[int]
    GLOBAL_MAX_POOL1D_FIELD_NUMBER: _ClassVar[int]
    SINUSOIDAL_POSITIONS_FIELD_NUMBER: _ClassVar[int]
    TO_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    flatten: Flatten
    dense: Dense
    activation: Activation
    custom_dense: CustomDense
    conv2d: Conv2d
    max_pool2d: MaxPool2d
    average_pool2d: AveragePool2d
    batch_norm: BatchNorm
    dropout: Dropout
    embedding: Embedding
    residual: Residual
    concat: Concat
    repeat: Repeat
    layer_norm: LayerNorm
    rms_norm: RmsNorm
    group_norm: GroupNorm
    global_average_pool2d: GlobalAveragePool2d
    global_max_pool2d: GlobalMaxPool2d
    zero_padding2d: ZeroPadding2d
    up_sampling2d: UpSampling2d
    conv1d: Conv1d
    spatial_dropout2d: SpatialDropout2d
    conv2d_transpose: Conv2dTranspose
    lstm: Lstm
    gru: Gru
    last_step: LastStep
    position_embedding: PositionEmbedding
    multi_head_attention: MultiHeadAttention
    bidirectional: Bidirectional
    global_average_pool1d: GlobalAveragePool1d
    global_max_pool1d: GlobalMaxPool1d
    sinusoidal_positions: SinusoidalPositions
    to_sequence: ToSequence
    def __init__(self, flatten: _Optional[_Union[Flatten, _Mapping]] = ..., dense: _Optional[_Union[Dense, _Mapping]] = ..., activation: _Optional[_Union[Activation, _Mapping]] = ..., custom_dense: _Optional[_Union[CustomDense, _Mapping]] = ..., conv2d: _Optional[_Union[Conv2d, _Mapping]] = ..., max_pool2d: _Optional[_Union[MaxPool2d, _Mapping]] = ..., average_pool2d: _Optional[_Union[AveragePool2d, _Mapping]] = ..., batch_norm: _Optional[_Union[BatchNorm, _Mapping]] = ..., dropout: _Optional[_Union[Dropout, _Mapping]] = ..., embedding: _Optional[_Union[Embedding, _Mapping]] = ..., residual: _Optional[_Union[Residual, _Mapping]] = ..., concat: _Optional[_Union[Concat, _Mapping]] = ..., repeat: _Optional[_Union[Repeat, _Mapping]] = ..., layer_norm: _Optional[_Union[LayerNorm, _Mapping]] = ..., rms_norm: _Optional[_Union[RmsNorm, _Mapping]] = ..., group_norm: _Optional[_Union[GroupNorm, _Mapping]] = ..., global_average_pool2d: _Optional[_Union[GlobalAveragePool2d, _Mapping]] = ..., global_max_pool2d: _Optional[_Union[GlobalMaxPool2d, _Mapping]] = ..., zero_padding2d: _Optional[_Union[ZeroPadding2d, _Mapping]] = ..., up_sampling2d: _Optional[_Union[UpSampling2d, _Mapping]] = ..., conv1d: _Optional[_Union[Conv1d, _Mapping]] = ..., spatial_dropout2d: _Optional[_Union[SpatialDropout2d, _Mapping]] = ..., conv2d_transpose: _Optional[_Union[Conv2dTranspose, _Mapping]] = ..., lstm: _Optional[_Union[Lstm, _Mapping]] = ..., gru: _Optional[_Union[Gru, _Mapping]] = ..., last_step: _Optional[_Union[LastStep, _Mapping]] = ..., position_embedding: _Optional[_Union[PositionEmbedding, _Mapping]] = ..., multi_head_attention: _Optional[_Union[MultiHeadAttention, _Mapping]] = ..., bidirectional: _Optional[_Union[Bidirectional, _Mapping]] = ..., global_average_pool1d: _Optional[_Union[GlobalAveragePool1d, _Mapping]] = ..., global_max_pool1d: _Optional[_Union[GlobalMaxPool1d, _Mapping]] = ..., sinusoidal_positions: _Optional[_Union[SinusoidalPositions, _Mapping]] = ..., to_sequence: _Optional[_Union[ToSequence, _Mapping]] = ...) -> None: ...

class Residual(_message.Message):
    __slots__ = ("layers", "shortcut")
    LAYERS_FIELD_NUMBER: _ClassVar[int]
    SHORTCUT_FIELD_NUMBER: _ClassVar[int]
    layers: _containers.RepeatedCompositeFieldContainer[Layer]
    shortcut: _containers.RepeatedCompositeFieldContainer[Layer]
    def __init__(self, layers: _Optional[_Iterable[_Union[Layer, _Mapping]]] = ..., shortcut: _Optional[_Iterable[_Union[Layer, _Mapping]]] = ...) -> None: ...

class Concat(_message.Message):
    __slots__ = ("branches",)
    BRANCHES_FIELD_NUMBER: _ClassVar[int]
    branches: _containers.RepeatedCompositeFieldContainer[Branch]
    def __init__(self, branches: _Optional[_Iterable[_Union[Branch, _Mapping]]] = ...) -> None: ...

class Branch(_message.Message):
    __slots__ = ("layers",)
    LAYERS_FIELD_NUMBER: _ClassVar[int]
    layers: _containers.RepeatedCompositeFieldContainer[Layer]
    def __init__(self, layers: _Optional[_Iterable[_Union[Layer, _Mapping]]] = ...) -> None: ...

class Repeat(_message.Message):
    __slots__ = ("times", "layers")
    TIMES_FIELD_NUMBER: _ClassVar[int]
    LAYERS_FIELD_NUMBER: _ClassVar[int]
    times: int
    layers: _containers.RepeatedCompositeFieldContainer[Layer]
    def __init__(self, times: _Optional[int] = ..., layers: _Optional[_Iterable[_Union[Layer, _Mapping]]] = ...) -> None: ...

class Flatten(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class Embedding(_message.Message):
    __slots__ = ("codes", "width", "table_initializer", "padding")
    CODES_FIELD_NUMBER: _ClassVar[int]
    WIDTH_FIELD_NUMBER: _ClassVar[int]
    TABLE_INITIALIZER_FIELD_NUMBER: _ClassVar[int]
    PADDING_FIELD_NUMBER: _ClassVar[int]
    codes: int
    width: int
    table_initializer: Initializer
    padding: int
    def __init__(self, codes: _Optional[int] = ..., width: _Optional[int] = ..., table_initializer: _Optional[_Union[Initializer, _Mapping]] = ..., padding: _Optional[int] = ...) -> None: ...

class Lstm(_message.Message):
    __slots__ = ("units", "kernel_initializer", "recurrent_initializer", "bias_initializer")
    UNITS_FIELD_NUMBER: _ClassVar[int]
    KERNEL_INITIALIZER_FIELD_NUMBER: _ClassVar[int]
    RECURRENT_INITIALIZER_FIELD_NUMBER: _ClassVar[int]
    BIAS_INITIALIZER_FIELD_NUMBER: _ClassVar[int]
    units: int
    kernel_initializer: Initializer
    recurrent_initializer: Initializer
    bias_initializer: Initializer
    def __init__(self, units: _Optional[int] = ..., kernel_initializer: _Optional[_Union[Initializer, _Mapping]] = ..., recurrent_initializer: _Optional[_Union[Initializer, _Mapping]] = ..., bias_initializer: _Optional[_Union[Initializer, _Mapping]] = ...) -> None: ...

class Gru(_message.Message):
    __slots__ = ("units", "kernel_initializer", "recurrent_initializer", "bias_initializer", "reset_after")
    UNITS_FIELD_NUMBER: _ClassVar[int]
    KERNEL_INITIALIZER_FIELD_NUMBER: _ClassVar[int]
    RECURRENT_INITIALIZER_FIELD_NUMBER: _ClassVar[int]
    BIAS_INITIALIZER_FIELD_NUMBER: _ClassVar[int]
    RESET_AFTER_FIELD_NUMBER: _ClassVar[int]
    units: int
    kernel_initializer: Initializer
    recurrent_initializer: Initializer
    bias_initializer: Initializer
    reset_after: bool
    def __init__(self, units: _Optional[int] = ..., kernel_initializer: _Optional[_Union[Initializer, _Mapping]] = ..., recurrent_initializer: _Optional[_Union[Initializer, _Mapping]] = ..., bias_initializer: _Optional[_Union[Initializer, _Mapping]] = ..., reset_after: _Optional[bool] = ...) -> None: ...

class Bidirectional(_message.Message):
    __slots__ = ("lstm", "gru")
    LSTM_FIELD_NUMBER: _ClassVar[int]
    GRU_FIELD_NUMBER: _ClassVar[int]
    lstm: Lstm
    gru: Gru
    def __init__(self, lstm: _Optional[_Union[Lstm, _Mapping]] = ..., gru: _Optional[_Union[Gru, _Mapping]] = ...) -> None: ...

class GlobalAveragePool1d(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GlobalMaxPool1d(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ToSequence(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class LastStep(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class PositionEmbedding(_message.Message):
    __slots__ = ("table_initializer",)
    TABLE_INITIALIZER_FIELD_NUMBER: _ClassVar[int]
    table_initializer: Initializer
    def __init__(self, table_initializer: _Optional[_Union[Initializer, _Mapping]] = ...) -> None: ...

class SinusoidalPositions(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class MultiHeadAttention(_message.Message):
    __slots__ = ("heads", "causal", "use_bias", "kernel_initializer", "bias_initializer", "dropout")
    HEADS_FIELD_NUMBER: _ClassVar[int]
    CAUSAL_FIELD_NUMBER: _ClassVar[int]
    USE_BIAS_FIELD_NUMBER: _ClassVar[int]
    KERNEL_INITIALIZER_FIELD_NUMBER: _ClassVar[int]
    BIAS_INITIALIZER_FIELD_NUMBER: _ClassVar[int]
    DROPOUT_FIELD_NUMBER: _ClassVar[int]
    heads: int
    causal: bool
    use_bias: bool
    kernel_initializer: Initializer
    bias_initializer: Initializer
    dropout: float
    def __init__(self, heads: _Optional[int] = ..., causal: _Optional[bool] = ..., use_bias: _Optional[bool] = ..., kernel_initializer: _Optional[_Union[Initializer, _Mapping]] = ..., bias_initializer: _Optional[_Union[Initializer, _Mapping]] = ..., dropout: _Optional[float] = ...) -> None: ...

class Dense(_message.Message):
    __slots__ = ("units", "kernel_initializer", "bias_initializer", "use_bias")
    UNITS_FIELD_NUMBER: _ClassVar[int]
    KERNEL_INITIALIZER_FIELD_NUMBER: _ClassVar[int]
    BIAS_INITIALIZER_FIELD_NUMBER: _ClassVar[int]
    USE_BIAS_FIELD_NUMBER: _ClassVar[int]
    units: int
    kernel_initializer: Initializer
    bias_initializer: Initializer
    use_bias: bool
    def __init__(self, units: _Optional[int] = ..., kernel_initializer: _Optional[_Union[Initializer, _Mapping]] = ..., bias_initializer: _Optional[_Union[Initializer, _Mapping]] = ..., use_bias: _Optional[bool] = ...) -> None: ...

class Activation(_message.Message):
    __slots__ = ("function", "slope")
    FUNCTION_FIELD_NUMBER: _ClassVar[int]
    SLOPE_FIELD_NUMBER: _ClassVar[int]
    function: ActivationFunction
    slope: float
    def __init__(self, function: _Optional[_Union[ActivationFunction, str]] = ..., slope: _Optional[float] = ...) -> None: ...

class CustomDense(_message.Message):
    __slots__ = ("units", "stddev")
    UNITS_FIELD_NUMBER: _ClassVar[int]
    STDDEV_FIELD_NUMBER: _ClassVar[int]
    units: int
    stddev: float
    def __init__(self, units: _Optional[int] = ..., stddev: _Optional[float] = ...) -> None: ...

class Conv2d(_message.Message):
    __slots__ = ("filters", "size", "stride", "padding", "kernel_initializer", "bias_initializer", "use_bias", "size_2d", "stride_2d", "padding_2d", "same", "dilation", "groups")
    FILTERS_FIELD_NUMBER: _ClassVar[int]
    SIZE_FIELD_NUMBER: _ClassVar[int]
    STRIDE_FIELD_NUMBER: _ClassVar[int]
    PADDING_FIELD_NUMBER: _ClassVar[int]
    KERNEL_INITIALIZER_FIELD_NUMBER: _ClassVar[int]
    BIAS_INITIALIZER_FIELD_NUMBER: _ClassVar[int]
    USE_BIAS_FIELD_NUMBER: _ClassVar[int]
    SIZE_2D_FIELD_NUMBER: _ClassVar[int]
    STRIDE_2D_FIELD_NUMBER: _ClassVar[int]
    PADDING_2D_FIELD_NUMBER: _ClassVar[int]
    SAME_FIELD_NUMBER: _ClassVar[int]
    DILATION_FIELD_NUMBER: _ClassVar[int]
    GROUPS_FIELD_NUMBER: _ClassVar[int]
    filters: int
    size: int
    stride: int
    padding: int
    kernel_initializer: Initializer
    bias_initializer: Initializer
    use_bias: bool
    size_2d: _containers.RepeatedScalarFieldContainer[int]
    stride_2d: _containers.RepeatedScalarFieldContainer[int]
    padding_2d: _containers.RepeatedScalarFieldContainer[int]
    same: bool
    dilation: int
    groups: int
    def __init__(self, filters: _Optional[int] = ..., size: _Optional[int] = ..., stride: _Optional[int] = ..., padding: _Optional[int] = ..., kernel_initializer: _Optional[_Union[Initializer, _Mapping]] = ..., bias_initializer: _Optional[_Union[Initializer, _Mapping]] = ..., use_bias: _Optional[bool] = ..., size_2d: _Optional[_Iterable[int]] = ..., stride_2d: _Optional[_Iterable[int]] = ..., padding_2d: _Optional[_Iterable[int]] = ..., same: _Optional[bool] = ..., dilation: _Optional[int] = ..., groups: _Optional[int] = ...) -> None: ...

class Conv1d(_message.Message):
    __slots__ = ("filters", "size", "stride", "padding", "kernel_initializer", "bias_initializer", "use_bias", "padding_1d", "same", "dilation", "groups")
    FILTERS_FIELD_NUMBER: _ClassVar[int]
    SIZE_FIELD_NUMBER: _ClassVar[int]
    STRIDE_FIELD_NUMBER: _ClassVar[int]
    PADDING_FIELD_NUMBER: _ClassVar[int]
    KERNEL_INITIALIZER_FIELD_NUMBER: _ClassVar[int]
    BIAS_INITIALIZER_FIELD_NUMBER: _ClassVar[int]
    USE_BIAS_FIELD_NUMBER: _ClassVar[int]
    PADDING_1D_FIELD_NUMBER: _ClassVar[int]
    SAME_FIELD_NUMBER: _ClassVar[int]
    DILATION_FIELD_NUMBER: _ClassVar[int]
    GROUPS_FIELD_NUMBER: _ClassVar[int]
    filters: int
    size: int
    stride: int
    padding: int
    kernel_initializer: Initializer
    bias_initializer: Initializer
    use_bias: bool
    padding_1d: _containers.RepeatedScalarFieldContainer[int]
    same: bool
    dilation: int
    groups: int
    def __init__(self, filters: _Optional[int] = ..., size: _Optional[int] = ..., stride: _Optional[int] = ..., padding: _Optional[int] = ..., kernel_initializer: _Optional[_Union[Initializer, _Mapping]] = ..., bias_initializer: _Optional[_Union[Initializer, _Mapping]] = ..., use_bias: _Optional[bool] = ..., padding_1d: _Optional[_Iterable[int]] = ..., same: _Optional[bool] = ..., dilation: _Optional[int] = ..., groups: _Optional[int] = ...) -> None: ...

class Conv2dTranspose(_message.Message):
    __slots__ = ("filters", "size", "stride", "padding", "kernel_initializer", "bias_initializer", "use_bias", "size_2d", "stride_2d", "same", "output_padding")
    FILTERS_FIELD_NUMBER: _ClassVar[int]
    SIZE_FIELD_NUMBER: _ClassVar[int]
    STRIDE_FIELD_NUMBER: _ClassVar[int]
    PADDING_FIELD_NUMBER: _ClassVar[int]
    KERNEL_INITIALIZER_FIELD_NUMBER: _ClassVar[int]
    BIAS_INITIALIZER_FIELD_NUMBER: _ClassVar[int]
    USE_BIAS_FIELD_NUMBER: _ClassVar[int]
    SIZE_2D_FIELD_NUMBER: _ClassVar[int]
    STRIDE_2D_FIELD_NUMBER: _ClassVar[int]
    SAME_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_PADDING_FIELD_NUMBER: _ClassVar[int]
    filters: int
    size: int
    stride: int
    padding: int
    kernel_initializer: Initializer
    bias_initializer: Initializer
    use_bias: bool
    size_2d: _containers.RepeatedScalarFieldContainer[int]
    stride_2d: _containers.RepeatedScalarFieldContainer[int]
    same: bool
    output_padding: int
    def __init__(self, filters: _Optional[int] = ..., size: _Optional[int] = ..., stride: _Optional[int] = ..., padding: _Optional[int] = ..., kernel_initializer: _Optional[_Union[Initializer, _Mapping]] = ..., bias_initializer: _Optional[_Union[Initializer, _Mapping]] = ..., use_bias: _Optional[bool] = ..., size_2d: _Optional[_Iterable[int]] = ..., stride_2d: _Optional[_Iterable[int]] = ..., same: _Optional[bool] = ..., output_padding: _Optional[int] = ...) -> None: ...

class MaxPool2d(_message.Message):
    __slots__ = ("size", "stride")
    SIZE_FIELD_NUMBER: _ClassVar[int]
    STRIDE_FIELD_NUMBER: _ClassVar[int]
    size: int
    stride: int
    def __init__(self, size: _Optional[int] = ..., stride: _Optional[int] = ...) -> None: ...

class AveragePool2d(_message.Message):
    __slots__ = ("size", "stride")
    SIZE_FIELD_NUMBER: _ClassVar[int]
    STRIDE_FIELD_NUMBER: _ClassVar[int]
    size: int
    stride: int
    def __init__(self, size: _Optional[int] = ..., stride: _Optional[int] = ...) -> None: ...

class GlobalAveragePool2d(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GlobalMaxPool2d(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ZeroPadding2d(_message.Message):
    __slots__ = ("padding", "padding_2d")
    PADDING_FIELD_NUMBER: _ClassVar[int]
    PADDING_2D_FIELD_NUMBER: _ClassVar[int]
    padding: int
    padding_2d: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, padding: _Optional[int] = ..., padding_2d: _Optional[_Iterable[int]] = ...) -> None: ...

class UpSampling2d(_message.Message):
    __slots__ = ("factor", "interpolation")
    FACTOR_FIELD_NUMBER: _ClassVar[int]
    INTERPOLATION_FIELD_NUMBER: _ClassVar[int]
    factor: int
    interpolation: Interpolation
    def __init__(self, factor: _Optional[int] = ..., interpolation: _Optional[_Union[Interpolation, str]] = ...) -> None: ...

class BatchNorm(_message.Message):
    __slots__ = ("momentum", "epsilon")
    MOMENTUM_FIELD_NUMBER: _ClassVar[int]
    EPSILON_FIELD_NUMBER: _ClassVar[int]
    momentum: float
    epsilon: float
    def __init__(self, momentum: _Optional[float] = ..., epsilon: _Optional[float] = ...) -> None: ...

class LayerNorm(_message.Message):
    __slots__ = ("epsilon",)
    EPSILON_FIELD_NUMBER: _ClassVar[int]
    epsilon: float
    def __init__(self, epsilon: _Optional[float] = ...) -> None: ...

class RmsNorm(_message.Message):
    __slots__ = ("epsilon",)
    EPSILON_FIELD_NUMBER: _ClassVar[int]
    epsilon: float
    def __init__(self, epsilon: _Optional[float] = ...) -> None: ...

class GroupNorm(_message.Message):
    __slots__ = ("groups", "epsilon")
    GROUPS_FIELD_NUMBER: _ClassVar[int]
    EPSILON_FIELD_NUMBER: _ClassVar[int]
    groups: int
    epsilon: float
    def __init__(self, groups: _Optional[int] = ..., epsilon: _Optional[float] = ...) -> None: ...

class Dropout(_message.Message):
    __slots__ = ("rate",)
    RATE_FIELD_NUMBER: _ClassVar[int]
    rate: float
    def __init__(self, rate: _Optional[float] = ...) -> None: ...

class SpatialDropout2d(_message.Message):
    __slots__ = ("rate",)
    RATE_FIELD_NUMBER: _ClassVar[int]
    rate: float
    def __init__(self, rate: _Optional[float] = ...) -> None: ...

class Initializer(_message.Message):
    __slots__ = ("zeros", "normal", "variance_scaling", "truncated_normal", "constant", "orthogonal")
    ZEROS_FIELD_NUMBER: _ClassVar[int]
    NORMAL_FIELD_NUMBER: _ClassVar[int]
    VARIANCE_SCALING_FIELD_NUMBER: _ClassVar[int]
    TRUNCATED_NORMAL_FIELD_NUMBER: _ClassVar[int]
    CONSTANT_FIELD_NUMBER: _ClassVar[int]
    ORTHOGONAL_FIELD_NUMBER: _ClassVar[int]
    zeros: Zeros
    normal: Normal
    variance_scaling: VarianceScaling
    truncated_normal: TruncatedNormal
    constant: Constant
    orthogonal: Orthogonal
    def __init__(self, zeros: _Optional[_Union[Zeros, _Mapping]] = ..., normal: _Optional[_Union[Normal, _Mapping]] = ..., variance_scaling: _Optional[_Union[VarianceScaling, _Mapping]] = ..., truncated_normal: _Optional[_Union[TruncatedNormal, _Mapping]] = ..., constant: _Optional[_Union[Constant, _Mapping]] = ..., orthogonal: _Optional[_Union[Orthogonal, _Mapping]] = ...) -> None: ...

class Zeros(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class Normal(_message.Message):
    __slots__ = ("stddev",)
    STDDEV_FIELD_NUMBER: _ClassVar[int]
    stddev: float
    def __init__(self, stddev: _Optional[float] = ...) -> None: ...

class TruncatedNormal(_message.Message):
    __slots__ = ("stddev",)
    STDDEV_FIELD_NUMBER: _ClassVar[int]
    stddev: float
    def __init__(self, stddev: _Optional[float] = ...) -> None: ...

class Constant(_message.Message):
    __slots__ = ("value",)
    VALUE_FIELD_NUMBER: _ClassVar[int]
    value: float
    def __init__(self, value: _Optional[float] = ...) -> None: ...

class Orthogonal(_message.Message):
    __slots__ = ("gain",)
    GAIN_FIELD_NUMBER: _ClassVar[int]
    gain: float
    def __init__(self, gain: _Optional[float] = ...) -> None: ...

class VarianceScaling(_message.Message):
    __slots__ = ("scale", "mode", "distribution")
    SCALE_FIELD_NUMBER: _ClassVar[int]
    MODE_FIELD_NUMBER: _ClassVar[int]
    DISTRIBUTION_FIELD_NUMBER: _ClassVar[int]
    scale: float
    mode: FanMode
    distribution: Distribution
    def __init__(self, scale: _Optional[float] = ..., mode: _Optional[_Union[FanMode, str]] = ..., distribution: _Optional[_Union[Distribution, str]] = ...) -> None: ...

class Optimizer(_message.Message):
    __slots__ = ("learning_rate", "sgd", "adam", "adamw", "rmsprop", "adagrad", "adamax", "schedule", "clip", "weight_decay", "decayed")
    LEARNING_RATE_FIELD_NUMBER: _ClassVar[int]
    SGD_FIELD_NUMBER: _ClassVar[int]
    ADAM_FIELD_NUMBER: _ClassVar[int]
    ADAMW_FIELD_NUMBER: _ClassVar[int]
    RMSPROP_FIELD_NUMBER: _ClassVar[int]
    ADAGRAD_FIELD_NUMBER: _ClassVar[int]
    ADAMAX_FIELD_NUMBER: _ClassVar[int]
    SCHEDULE_FIELD_NUMBER: _ClassVar[int]
    CLIP_FIELD_NUMBER: _ClassVar[int]
    WEIGHT_DECAY_FIELD_NUMBER: _ClassVar[int]
    DECAYED_FIELD_NUMBER: _ClassVar[int]
    learning_rate: float
    sgd: Sgd
    adam: Adam
    adamw: AdamW
    rmsprop: RmsProp
    adagrad: Adagrad
    adamax: Adamax
    schedule: Schedule
    clip: Clip
    weight_decay: WeightDecay
    decayed: Decayed
    def __init__(self, learning_rate: _Optional[float] = ..., sgd: _Optional[_Union[Sgd, _Mapping]] = ..., adam: _Optional[_Union[Adam, _Mapping]] = ..., adamw: _Optional[_Union[AdamW, _Mapping]] = ..., rmsprop: _Optional[_Union[RmsProp, _Mapping]] = ..., adagrad: _Optional[_Union[Adagrad, _Mapping]] = ..., adamax: _Optional[_Union[Adamax, _Mapping]] = ..., schedule: _Optional[_Union[Schedule, _Mapping]] = ..., clip: _Optional[_Union[Clip, _Mapping]] = ..., weight_decay: _Optional[_Union[WeightDecay, _Mapping]] = ..., decayed: _Optional[_Union[Decayed, str]] = ...) -> None: ...

class Clip(_message.Message):
    __slots__ = ("value", "norm", "global_norm")
    VALUE_FIELD_NUMBER: _ClassVar[int]
    NORM_FIELD_NUMBER: _ClassVar[int]
    GLOBAL_NORM_FIELD_NUMBER: _ClassVar[int]
    value: ClipByValue
    norm: ClipByNorm
    global_norm: ClipByGlobalNorm
    def __init__(self, value: _Optional[_Union[ClipByValue, _Mapping]] = ..., norm: _Optional[_Union[ClipByNorm, _Mapping]] = ..., global_norm: _Optional[_Union[ClipByGlobalNorm, _Mapping]] = ...) -> None: ...

class ClipByValue(_message.Message):
    __slots__ = ("limit",)
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    limit: float
    def __init__(self, limit: _Optional[float] = ...) -> None: ...

class ClipByNorm(_message.Message):
    __slots__ = ("limit",)
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    limit: float
    def __init__(self, limit: _Optional[float] = ...) -> None: ...

class ClipByGlobalNorm(_message.Message):
    __slots__ = ("limit",)
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    limit: float
    def __init__(self, limit: _Optional[float] = ...) -> None: ...

class WeightDecay(_message.Message):
    __slots__ = ("factor", "form")
    FACTOR_FIELD_NUMBER: _ClassVar[int]
    FORM_FIELD_NUMBER: _ClassVar[int]
    factor: float
    form: DecayForm
    def __init__(self, factor: _Optional[float] = ..., form: _Optional[_Union[DecayForm, str]] = ...) -> None: ...

class Schedule(_message.Message):
    __slots__ = ("constant", "cosine", "step", "exponential", "polynomial", "one_cycle", "cosine_restarts", "warmup_steps", "shown_steps")
    CONSTANT_FIELD_NUMBER: _ClassVar[int]
    COSINE_FIELD_NUMBER: _ClassVar[int]
    STEP_FIELD_NUMBER: _ClassVar[int]
    EXPONENTIAL_FIELD_NUMBER: _ClassVar[int]
    POLYNOMIAL_FIELD_NUMBER: _ClassVar[int]
    ONE_CYCLE_FIELD_NUMBER: _ClassVar[int]
    COSINE_RESTARTS_FIELD_NUMBER: _ClassVar[int]
    WARMUP_STEPS_FIELD_NUMBER: _ClassVar[int]
    SHOWN_STEPS_FIELD_NUMBER: _ClassVar[int]
    constant: ConstantRate
    cosine: Cosine
    step: Step
    exponential: Exponential
    polynomial: Polynomial
    one_cycle: OneCycle
    cosine_restarts: CosineRestarts
    warmup_steps: int
    shown_steps: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, constant: _Optional[_Union[ConstantRate, _Mapping]] = ..., cosine: _Optional[_Union[Cosine, _Mapping]] = ..., step: _Optional[_Union[Step, _Mapping]] = ..., exponential: _Optional[_Union[Exponential, _Mapping]] = ..., polynomial: _Optional[_Union[Polynomial, _Mapping]] = ..., one_cycle: _Optional[_Union[OneCycle, _Mapping]] = ..., cosine_restarts: _Optional[_Union[CosineRestarts, _Mapping]] = ..., warmup_steps: _Optional[int] = ..., shown_steps: _Optional[_Iterable[int]] = ...) -> None: ...

class ConstantRate(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class Cosine(_message.Message):
    __slots__ = ("steps", "end_factor")
    STEPS_FIELD_NUMBER: _ClassVar[int]
    END_FACTOR_FIELD_NUMBER: _ClassVar[int]
    steps: int
    end_factor: float
    def __init__(self, steps: _Optional[int] = ..., end_factor: _Optional[float] = ...) -> None: ...

class Step(_message.Message):
    __slots__ = ("boundaries", "every", "factor")
    BOUNDARIES_FIELD_NUMBER: _ClassVar[int]
    EVERY_FIELD_NUMBER: _ClassVar[int]
    FACTOR_FIELD_NUMBER: _ClassVar[int]
    boundaries: _containers.RepeatedScalarFieldContainer[int]
    every: int
    factor: float
    def __init__(self, boundaries: _Optional[_Iterable[int]] = ..., every: _Optional[int] = ..., factor: _Optional[float] = ...) -> None: ...

class Exponential(_message.Message):
    __slots__ = ("steps", "factor")
    STEPS_FIELD_NUMBER: _ClassVar[int]
    FACTOR_FIELD_NUMBER: _ClassVar[int]
    steps: int
    factor: float
    def __init__(self, steps: _Optional[int] = ..., factor: _Optional[float] = ...) -> None: ...

class Polynomial(_message.Message):
    __slots__ = ("steps", "power", "end_factor")
    STEPS_FIELD_NUMBER: _ClassVar[int]
    POWER_FIELD_NUMBER: _ClassVar[int]
    END_FACTOR_FIELD_NUMBER: _ClassVar[int]
    steps: int
    power: float
    end_factor: float
    def __init__(self, steps: _Optional[int] = ..., power: _Optional[float] = ..., end_factor: _Optional[float] = ...) -> None: ...

class OneCycle(_message.Message):
    __slots__ = ("steps", "rising", "start_factor", "end_factor")
    STEPS_FIELD_NUMBER: _ClassVar[int]
    RISING_FIELD_NUMBER: _ClassVar[int]
    START_FACTOR_FIELD_NUMBER: _ClassVar[int]
    END_FACTOR_FIELD_NUMBER: _ClassVar[int]
    steps: int
    rising: float
    start_factor: float
    end_factor: float
    def __init__(self, steps: _Optional[int] = ..., rising: _Optional[float] = ..., start_factor: _Optional[float] = ..., end_factor: _Optional[float] = ...) -> None: ...

class CosineRestarts(_message.Message):
    __slots__ = ("steps", "multiplier", "shrink", "end_factor")
    STEPS_FIELD_NUMBER: _ClassVar[int]
    MULTIPLIER_FIELD_NUMBER: _ClassVar[int]
    SHRINK_FIELD_NUMBER: _ClassVar[int]
    END_FACTOR_FIELD_NUMBER: _ClassVar[int]
    steps: int
    multiplier: int
    shrink: float
    end_factor: float
    def __init__(self, steps: _Optional[int] = ..., multiplier: _Optional[int] = ..., shrink: _Optional[float] = ..., end_factor: _Optional[float] = ...) -> None: ...

class Sgd(_message.Message):
    __slots__ = ("momentum", "nesterov")
    MOMENTUM_FIELD_NUMBER: _ClassVar[int]
    NESTEROV_FIELD_NUMBER: _ClassVar[int]
    momentum: float
    nesterov: bool
    def __init__(self, momentum: _Optional[float] = ..., nesterov: _Optional[bool] = ...) -> None: ...

class Adam(_message.Message):
    __slots__ = ("beta_1", "beta_2", "epsilon", "amsgrad")
    BETA_1_FIELD_NUMBER: _ClassVar[int]
    BETA_2_FIELD_NUMBER: _ClassVar[int]
    EPSILON_FIELD_NUMBER: _ClassVar[int]
    AMSGRAD_FIELD_NUMBER: _ClassVar[int]
    beta_1: float
    beta_2: float
    epsilon: float
    amsgrad: bool
    def __init__(self, beta_1: _Optional[float] = ..., beta_2: _Optional[float] = ..., epsilon: _Optional[float] = ..., amsgrad: _Optional[bool] = ...) -> None: ...

class AdamW(_message.Message):
    __slots__ = ("beta_1", "beta_2", "epsilon", "weight_decay", "amsgrad")
    BETA_1_FIELD_NUMBER: _ClassVar[int]
    BETA_2_FIELD_NUMBER: _ClassVar[int]
    EPSILON_FIELD_NUMBER: _ClassVar[int]
    WEIGHT_DECAY_FIELD_NUMBER: _ClassVar[int]
    AMSGRAD_FIELD_NUMBER: _ClassVar[int]
    beta_1: float
    beta_2: float
    epsilon: float
    weight_decay: float
    amsgrad: bool
    def __init__(self, beta_1: _Optional[float] = ..., beta_2: _Optional[float] = ..., epsilon: _Optional[float] = ..., weight_decay: _Optional[float] = ..., amsgrad: _Optional[bool] = ...) -> None: ...

class RmsProp(_message.Message):
    __slots__ = ("rho", "momentum", "epsilon", "centered", "epsilon_place")
    RHO_FIELD_NUMBER: _ClassVar[int]
    MOMENTUM_FIELD_NUMBER: _ClassVar[int]
    EPSILON_FIELD_NUMBER: _ClassVar[int]
    CENTERED_FIELD_NUMBER: _ClassVar[int]
    EPSILON_PLACE_FIELD_NUMBER: _ClassVar[int]
    rho: float
    momentum: float
    epsilon: float
    centered: bool
    epsilon_place: EpsilonPlace
    def __init__(self, rho: _Optional[float] = ..., momentum: _Optional[float] = ..., epsilon: _Optional[float] = ..., centered: _Optional[bool] = ..., epsilon_place: _Optional[_Union[EpsilonPlace, str]] = ...) -> None: ...

class Adagrad(_message.Message):
    __slots__ = ("initial_accumulator", "epsilon")
    INITIAL_ACCUMULATOR_FIELD_NUMBER: _ClassVar[int]
    EPSILON_FIELD_NUMBER: _ClassVar[int]
    initial_accumulator: float
    epsilon: float
    def __init__(self, initial_accumulator: _Optional[float] = ..., epsilon: _Optional[float] = ...) -> None: ...

class Adamax(_message.Message):
    __slots__ = ("beta_1", "beta_2", "epsilon")
    BETA_1_FIELD_NUMBER: _ClassVar[int]
    BETA_2_FIELD_NUMBER: _ClassVar[int]
    EPSILON_FIELD_NUMBER: _ClassVar[int]
    beta_1: float
    beta_2: float
    epsilon: float
    def __init__(self, beta_1: _Optional[float] = ..., beta_2: _Optional[float] = ..., epsilon: _Optional[float] = ...) -> None: ...

class Loss(_message.Message):
    __slots__ = ("softmax_cross_entropy", "sigmoid_cross_entropy", "mean_squared_error", "mean_absolute_error", "huber", "next_token_cross_entropy", "pixel_cross_entropy")
    SOFTMAX_CROSS_ENTROPY_FIELD_NUMBER: _ClassVar[int]
    SIGMOID_CROSS_ENTROPY_FIELD_NUMBER: _ClassVar[int]
    MEAN_SQUARED_ERROR_FIELD_NUMBER: _ClassVar[int]
    MEAN_ABSOLUTE_ERROR_FIELD_NUMBER: _ClassVar[int]
    HUBER_FIELD_NUMBER: _ClassVar[int]
    NEXT_TOKEN_CROSS_ENTROPY_FIELD_NUMBER: _ClassVar[int]
    PIXEL_CROSS_ENTROPY_FIELD_NUMBER: _ClassVar[int]
    softmax_cross_entropy: SoftmaxCrossEntropy
    sigmoid_cross_entropy: SigmoidCrossEntropy
    mean_squared_error: MeanSquaredError
    mean_absolute_error: MeanAbsoluteError
    huber: Huber
    next_token_cross_entropy: NextTokenCrossEntropy
    pixel_cross_entropy: PixelCrossEntropy
    def __init__(self, softmax_cross_entropy: _Optional[_Union[SoftmaxCrossEntropy, _Mapping]] = ..., sigmoid_cross_entropy: _Optional[_Union[SigmoidCrossEntropy, _Mapping]] = ..., mean_squared_error: _Optional[_Union[MeanSquaredError, _Mapping]] = ..., mean_absolute_error: _Optional[_Union[MeanAbsoluteError, _Mapping]] = ..., huber: _Optional[_Union[Huber, _Mapping]] = ..., next_token_cross_entropy: _Optional[_Union[NextTokenCrossEntropy, _Mapping]] = ..., pixel_cross_entropy: _Optional[_Union[PixelCrossEntropy, _Mapping]] = ...) -> None: ...

class SoftmaxCrossEntropy(_message.Message):
    __slots__ = ("label_smoothing", "class_weights", "class_weights_divisor")
    LABEL_SMOOTHING_FIELD_NUMBER: _ClassVar[int]
    CLASS_WEIGHTS_FIELD_NUMBER: _ClassVar[int]
    CLASS_WEIGHTS_DIVISOR_FIELD_NUMBER: _ClassVar[int]
    label_smoothing: float
    class_weights: _containers.RepeatedScalarFieldContainer[float]
    class_weights_divisor: ClassWeightsDivisor
    def __init__(self, label_smoothing: _Optional[float] = ..., class_weights: _Optional[_Iterable[float]] = ..., class_weights_divisor: _Optional[_Union[ClassWeightsDivisor, str]] = ...) -> None: ...

class SigmoidCrossEntropy(_message.Message):
    __slots__ = ("positive_weight",)
    POSITIVE_WEIGHT_FIELD_NUMBER: _ClassVar[int]
    positive_weight: float
    def __init__(self, positive_weight: _Optional[float] = ...) -> None: ...

class MeanSquaredError(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class MeanAbsoluteError(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class Huber(_message.Message):
    __slots__ = ("delta",)
    DELTA_FIELD_NUMBER: _ClassVar[int]
    delta: float
    def __init__(self, delta: _Optional[float] = ...) -> None: ...

class NextTokenCrossEntropy(_message.Message):
    __slots__ = ("ignored",)
    IGNORED_FIELD_NUMBER: _ClassVar[int]
    ignored: int
    def __init__(self, ignored: _Optional[int] = ...) -> None: ...

class PixelCrossEntropy(_message.Message):
    __slots__ = ("ignored",)
    IGNORED_FIELD_NUMBER: _ClassVar[int]
    ignored: int
    def __init__(self, ignored: _Optional[int] = ...) -> None: ...

class Job(_message.Message):
    __slots__ = ("job_id", "request_id", "kind", "state", "spec", "create_time", "start_time", "end_time", "error", "last_sequence", "submitted_by")
    JOB_ID_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    SPEC_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    LAST_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    SUBMITTED_BY_FIELD_NUMBER: _ClassVar[int]
    job_id: str
    request_id: str
    kind: JobKind
    state: JobState
    spec: JobSpec
    create_time: _timestamp_pb2.Timestamp
    start_time: _timestamp_pb2.Timestamp
    end_time: _timestamp_pb2.Timestamp
    error: _status_pb2.Status
    last_sequence: int
    submitted_by: str
    def __init__(self, job_id: _Optional[str] = ..., request_id: _Optional[str] = ..., kind: _Optional[_Union[JobKind, str]] = ..., state: _Optional[_Union[JobState, str]] = ..., spec: _Optional[_Union[JobSpec, _Mapping]] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., end_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., error: _Optional[_Union[_status_pb2.Status, _Mapping]] = ..., last_sequence: _Optional[int] = ..., submitted_by: _Optional[str] = ...) -> None: ...

class JobEvent(_message.Message):
    __slots__ = ("sequence", "event_time", "state_changed", "phase_started", "phase_finished", "environment", "download_progress", "inputs", "steps_finished", "epoch_finished", "evaluation_finished", "weights_saved", "resources_used", "logits_saved", "model_summarized", "machine_measured", "profiled", "images_previewed", "model_traced", "heartbeat")
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    EVENT_TIME_FIELD_NUMBER: _ClassVar[int]
    STATE_CHANGED_FIELD_NUMBER: _ClassVar[int]
    PHASE_STARTED_FIELD_NUMBER: _ClassVar[int]
    PHASE_FINISHED_FIELD_NUMBER: _ClassVar[int]
    ENVIRONMENT_FIELD_NUMBER: _ClassVar[int]
    DOWNLOAD_PROGRESS_FIELD_NUMBER: _ClassVar[int]
    INPUTS_FIELD_NUMBER: _ClassVar[int]
    STEPS_FINISHED_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FINISHED_FIELD_NUMBER: _ClassVar[int]
    EVALUATION_FINISHED_FIELD_NUMBER: _ClassVar[int]
    WEIGHTS_SAVED_FIELD_NUMBER: _ClassVar[int]
    RESOURCES_USED_FIELD_NUMBER: _ClassVar[int]
    LOGITS_SAVED_FIELD_NUMBER: _ClassVar[int]
    MODEL_SUMMARIZED_FIELD_NUMBER: _ClassVar[int]
    MACHINE_MEASURED_FIELD_NUMBER: _ClassVar[int]
    PROFILED_FIELD_NUMBER: _ClassVar[int]
    IMAGES_PREVIEWED_FIELD_NUMBER: _ClassVar[int]
    MODEL_TRACED_FIELD_NUMBER: _ClassVar[int]
    HEARTBEAT_FIELD_NUMBER: _ClassVar[int]
    sequence: int
    event_time: _timestamp_pb2.Timestamp
    state_changed: StateChanged
    phase_started: PhaseStarted
    phase_finished: PhaseFinished
    environment: Environment
    download_progress: DownloadProgress
    inputs: Inputs
    steps_finished: StepsFinished
    epoch_finished: EpochFinished
    evaluation_finished: EvaluationFinished
    weights_saved: WeightsSaved
    resources_used: ResourcesUsed
    logits_saved: LogitsSaved
    model_summarized: ModelSummarized
    machine_measured: MachineMeasured
    profiled: Profiled
    images_previewed: ImagesPreviewed
    model_traced: ModelTraced
    heartbeat: Heartbeat
    def __init__(self, sequence: _Optional[int] = ..., event_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., state_changed: _Optional[_Union[StateChanged, _Mapping]] = ..., phase_started: _Optional[_Union[PhaseStarted, _Mapping]] = ..., phase_finished: _Optional[_Union[PhaseFinished, _Mapping]] = ..., environment: _Optional[_Union[Environment, _Mapping]] = ..., download_progress: _Optional[_Union[DownloadProgress, _Mapping]] = ..., inputs: _Optional[_Union[Inputs, _Mapping]] = ..., steps_finished: _Optional[_Union[StepsFinished, _Mapping]] = ..., epoch_finished: _Optional[_Union[EpochFinished, _Mapping]] = ..., evaluation_finished: _Optional[_Union[EvaluationFinished, _Mapping]] = ..., weights_saved: _Optional[_Union[WeightsSaved, _Mapping]] = ..., resources_used: _Optional[_Union[ResourcesUsed, _Mapping]] = ..., logits_saved: _Optional[_Union[LogitsSaved, _Mapping]] = ..., model_summarized: _Optional[_Union[ModelSummarized, _Mapping]] = ..., machine_measured: _Optional[_Union[MachineMeasured, _Mapping]] = ..., profiled: _Optional[_Union[Profiled, _Mapping]] = ..., images_previewed: _Optional[_Union[ImagesPreviewed, _Mapping]] = ..., model_traced: _Optional[_Union[ModelTraced, _Mapping]] = ..., heartbeat: _Optional[_Union[Heartbeat, _Mapping]] = ...) -> None: ...

class Heartbeat(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class StateChanged(_message.Message):
    __slots__ = ("state", "error")
    STATE_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    state: JobState
    error: _status_pb2.Status
    def __init__(self, state: _Optional[_Union[JobState, str]] = ..., error: _Optional[_Union[_status_pb2.Status, _Mapping]] = ...) -> None: ...

class PhaseStarted(_message.Message):
    __slots__ = ("phase",)
    PHASE_FIELD_NUMBER: _ClassVar[int]
    phase: Phase
    def __init__(self, phase: _Optional[_Union[Phase, str]] = ...) -> None: ...

class PhaseFinished(_message.Message):
    __slots__ = ("phase", "duration", "cpu_duration")
    PHASE_FIELD_NUMBER: _ClassVar[int]
    DURATION_FIELD_NUMBER: _ClassVar[int]
    CPU_DURATION_FIELD_NUMBER: _ClassVar[int]
    phase: Phase
    duration: _duration_pb2.Duration
    cpu_duration: _duration_pb2.Duration
    def __init__(self, phase: _Optional[_Union[Phase, str]] = ..., duration: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., cpu_duration: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class DownloadProgress(_message.Message):
    __slots__ = ("file", "source", "received_bytes", "total_bytes")
    FILE_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    RECEIVED_BYTES_FIELD_NUMBER: _ClassVar[int]
    TOTAL_BYTES_FIELD_NUMBER: _ClassVar[int]
    file: str
    source: str
    received_bytes: int
    total_bytes: int
    def __init__(self, file: _Optional[str] = ..., source: _Optional[str] = ..., received_bytes: _Optional[int] = ..., total_bytes: _Optional[int] = ...) -> None: ...

class Inputs(_message.Message):
    __slots__ = ("data_sha256", "initial_weights_sha256", "batch_order_sha256", "train_samples", "test_samples", "parameter_count", "steps_per_epoch", "validation_samples", "epoch_operations", "epoch_bytes", "augmentation_sha256")
    DATA_SHA256_FIELD_NUMBER: _ClassVar[int]
    INITIAL_WEIGHTS_SHA256_FIELD_NUMBER: _ClassVar[int]
    BATCH_ORDER_SHA256_FIELD_NUMBER: _ClassVar[int]
    TRAIN_SAMPLES_FIELD_NUMBER: _ClassVar[int]
    TEST_SAMPLES_FIELD_NUMBER: _ClassVar[int]
    PARAMETER_COUNT_FIELD_NUMBER: _ClassVar[int]
    STEPS_PER_EPOCH_FIELD_NUMBER: _ClassVar[int]
    VALIDATION_SAMPLES_FIELD_NUMBER: _ClassVar[int]
    EPOCH_OPERATIONS_FIELD_NUMBER: _ClassVar[int]
    EPOCH_BYTES_FIELD_NUMBER: _ClassVar[int]
    AUGMENTATION_SHA256_FIELD_NUMBER: _ClassVar[int]
    data_sha256: str
    initial_weights_sha256: str
    batch_order_sha256: str
    train_samples: int
    test_samples: int
    parameter_count: int
    steps_per_epoch: int
    validation_samples: int
    epoch_operations: float
    epoch_bytes: float
    augmentation_sha256: str
    def __init__(self, data_sha256: _Optional[str] = ..., initial_weights_sha256: _Optional[str] = ..., batch_order_sha256: _Optional[str] = ..., train_samples: _Optional[int] = ..., test_samples: _Optional[int] = ..., parameter_count: _Optional[int] = ..., steps_per_epoch: _Optional[int] = ..., validation_samples: _Optional[int] = ..., epoch_operations: _Optional[float] = ..., epoch_bytes: _Optional[float] = ..., augmentation_sha256: _Optional[str] = ...) -> None: ...

class StepsFinished(_message.Message):
    __slots__ = ("epoch", "first_step", "losses", "details")
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    FIRST_STEP_FIELD_NUMBER: _ClassVar[int]
    LOSSES_FIELD_NUMBER: _ClassVar[int]
    DETAILS_FIELD_NUMBER: _ClassVar[int]
    epoch: int
    first_step: int
    losses: _containers.RepeatedScalarFieldContainer[float]
    details: StepDetails
    def __init__(self, epoch: _Optional[int] = ..., first_step: _Optional[int] = ..., losses: _Optional[_Iterable[float]] = ..., details: _Optional[_Union[StepDetails, _Mapping]] = ...) -> None: ...

class StepDetails(_message.Message):
    __slots__ = ("ordered_losses", "accuracies", "gradient_norms")
    ORDERED_LOSSES_FIELD_NUMBER: _ClassVar[int]
    ACCURACIES_FIELD_NUMBER: _ClassVar[int]
    GRADIENT_NORMS_FIELD_NUMBER: _ClassVar[int]
    ordered_losses: _containers.RepeatedScalarFieldContainer[float]
    accuracies: _containers.RepeatedScalarFieldContainer[float]
    gradient_norms: _containers.RepeatedCompositeFieldContainer[GradientNorms]
    def __init__(self, ordered_losses: _Optional[_Iterable[float]] = ..., accuracies: _Optional[_Iterable[float]] = ..., gradient_norms: _Optional[_Iterable[_Union[GradientNorms, _Mapping]]] = ...) -> None: ...

class GradientNorms(_message.Message):
    __slots__ = ("parameter", "norms")
    PARAMETER_FIELD_NUMBER: _ClassVar[int]
    NORMS_FIELD_NUMBER: _ClassVar[int]
    parameter: str
    norms: _containers.RepeatedScalarFieldContainer[float]
    def __init__(self, parameter: _Optional[str] = ..., norms: _Optional[_Iterable[float]] = ...) -> None: ...

class EpochFinished(_message.Message):
    __slots__ = ("epoch", "train_duration", "evaluate_duration", "train_loss", "test", "samples_per_second", "data_wait_duration", "running_accuracy", "validation", "load", "sync_duration")
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    TRAIN_DURATION_FIELD_NUMBER: _ClassVar[int]
    EVALUATE_DURATION_FIELD_NUMBER: _ClassVar[int]
    TRAIN_LOSS_FIELD_NUMBER: _ClassVar[int]
    TEST_FIELD_NUMBER: _ClassVar[int]
    SAMPLES_PER_SECOND_FIELD_NUMBER: _ClassVar[int]
    DATA_WAIT_DURATION_FIELD_NUMBER: _ClassVar[int]
    RUNNING_ACCURACY_FIELD_NUMBER: _ClassVar[int]
    VALIDATION_FIELD_NUMBER: _ClassVar[int]
    LOAD_FIELD_NUMBER: _ClassVar[int]
    SYNC_DURATION_FIELD_NUMBER: _ClassVar[int]
    epoch: int
    train_duration: _duration_pb2.Duration
    evaluate_duration: _duration_pb2.Duration
    train_loss: float
    test: Metrics
    samples_per_second: float
    data_wait_duration: _duration_pb2.Duration
    running_accuracy: float
    validation: Metrics
    load: Load
    sync_duration: _duration_pb2.Duration
    def __init__(self, epoch: _Optional[int] = ..., train_duration: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., evaluate_duration: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., train_loss: _Optional[float] = ..., test: _Optional[_Union[Metrics, _Mapping]] = ..., samples_per_second: _Optional[float] = ..., data_wait_duration: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., running_accuracy: _Optional[float] = ..., validation: _Optional[_Union[Metrics, _Mapping]] = ..., load: _Optional[_Union[Load, _Mapping]] = ..., sync_duration: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class Load(_message.Message):
    __slots__ = ("own_cpu_duration", "other_cpu_duration", "stolen_duration", "throttled_duration", "clock_hertz")
    OWN_CPU_DURATION_FIELD_NUMBER: _ClassVar[int]
    OTHER_CPU_DURATION_FIELD_NUMBER: _ClassVar[int]
    STOLEN_DURATION_FIELD_NUMBER: _ClassVar[int]
    THROTTLED_DURATION_FIELD_NUMBER: _ClassVar[int]
    CLOCK_HERTZ_FIELD_NUMBER: _ClassVar[int]
    own_cpu_duration: _duration_pb2.Duration
    other_cpu_duration: _duration_pb2.Duration
    stolen_duration: _duration_pb2.Duration
    throttled_duration: _duration_pb2.Duration
    clock_hertz: float
    def __init__(self, own_cpu_duration: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., other_cpu_duration: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., stolen_duration: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., throttled_duration: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., clock_hertz: _Optional[float] = ...) -> None: ...

class Metrics(_message.Message):
    __slots__ = ("loss", "accuracy", "samples", "others")
    class OthersEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: float
        def __init__(self, key: _Optional[str] = ..., value: _Optional[float] = ...) -> None: ...
    LOSS_FIELD_NUMBER: _ClassVar[int]
    ACCURACY_FIELD_NUMBER: _ClassVar[int]
    SAMPLES_FIELD_NUMBER: _ClassVar[int]
    OTHERS_FIELD_NUMBER: _ClassVar[int]
    loss: float
    accuracy: float
    samples: int
    others: _containers.ScalarMap[str, float]
    def __init__(self, loss: _Optional[float] = ..., accuracy: _Optional[float] = ..., samples: _Optional[int] = ..., others: _Optional[_Mapping[str, float]] = ...) -> None: ...

class EvaluationFinished(_message.Message):
    __slots__ = ("test", "latencies")
    TEST_FIELD_NUMBER: _ClassVar[int]
    LATENCIES_FIELD_NUMBER: _ClassVar[int]
    test: Metrics
    latencies: _containers.RepeatedCompositeFieldContainer[Latency]
    def __init__(self, test: _Optional[_Union[Metrics, _Mapping]] = ..., latencies: _Optional[_Iterable[_Union[Latency, _Mapping]]] = ...) -> None: ...

class Latency(_message.Message):
    __slots__ = ("batch_size", "calls", "p50_duration", "p90_duration", "p99_duration", "samples_per_second", "largest_difference")
    BATCH_SIZE_FIELD_NUMBER: _ClassVar[int]
    CALLS_FIELD_NUMBER: _ClassVar[int]
    P50_DURATION_FIELD_NUMBER: _ClassVar[int]
    P90_DURATION_FIELD_NUMBER: _ClassVar[int]
    P99_DURATION_FIELD_NUMBER: _ClassVar[int]
    SAMPLES_PER_SECOND_FIELD_NUMBER: _ClassVar[int]
    LARGEST_DIFFERENCE_FIELD_NUMBER: _ClassVar[int]
    batch_size: int
    calls: int
    p50_duration: _duration_pb2.Duration
    p90_duration: _duration_pb2.Duration
    p99_duration: _duration_pb2.Duration
    samples_per_second: float
    largest_difference: float
    def __init__(self, batch_size: _Optional[int] = ..., calls: _Optional[int] = ..., p50_duration: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., p90_duration: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., p99_duration: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., samples_per_second: _Optional[float] = ..., largest_difference: _Optional[float] = ...) -> None: ...

class WeightsSaved(_message.Message):
    __slots__ = ("kind", "sha256", "size_bytes")
    KIND_FIELD_NUMBER: _ClassVar[int]
    SHA256_FIELD_NUMBER: _ClassVar[int]
    SIZE_BYTES_FIELD_NUMBER: _ClassVar[int]
    kind: WeightsKind
    sha256: str
    size_bytes: int
    def __init__(self, kind: _Optional[_Union[WeightsKind, str]] = ..., sha256: _Optional[str] = ..., size_bytes: _Optional[int] = ...) -> None: ...

class LogitsSaved(_message.Message):
    __slots__ = ("sha256", "size_bytes")
    SHA256_FIELD_NUMBER: _ClassVar[int]
    SIZE_BYTES_FIELD_NUMBER: _ClassVar[int]
    sha256: str
    size_bytes: int
    def __init__(self, sha256: _Optional[str] = ..., size_bytes: _Optional[int] = ...) -> None: ...

class ResourcesUsed(_message.Message):
    __slots__ = ("peak_memory_bytes", "peak_device_memory_bytes", "accelerator", "swapped_bytes", "memory")
    PEAK_MEMORY_BYTES_FIELD_NUMBER: _ClassVar[int]
    PEAK_DEVICE_MEMORY_BYTES_FIELD_NUMBER: _ClassVar[int]
    ACCELERATOR_FIELD_NUMBER: _ClassVar[int]
    SWAPPED_BYTES_FIELD_NUMBER: _ClassVar[int]
    MEMORY_FIELD_NUMBER: _ClassVar[int]
    peak_memory_bytes: int
    peak_device_memory_bytes: int
    accelerator: AcceleratorUsed
    swapped_bytes: int
    memory: MemoryUsed
    def __init__(self, peak_memory_bytes: _Optional[int] = ..., peak_device_memory_bytes: _Optional[int] = ..., accelerator: _Optional[_Union[AcceleratorUsed, _Mapping]] = ..., swapped_bytes: _Optional[int] = ..., memory: _Optional[_Union[MemoryUsed, _Mapping]] = ...) -> None: ...

class MemoryUsed(_message.Message):
    __slots__ = ("started_bytes", "built_bytes", "train_peak_bytes", "evaluate_peak_bytes", "children_bytes", "data_bytes", "parameter_bytes", "optimizer_bytes")
    STARTED_BYTES_FIELD_NUMBER: _ClassVar[int]
    BUILT_BYTES_FIELD_NUMBER: _ClassVar[int]
    TRAIN_PEAK_BYTES_FIELD_NUMBER: _ClassVar[int]
    EVALUATE_PEAK_BYTES_FIELD_NUMBER: _ClassVar[int]
    CHILDREN_BYTES_FIELD_NUMBER: _ClassVar[int]
    DATA_BYTES_FIELD_NUMBER: _ClassVar[int]
    PARAMETER_BYTES_FIELD_NUMBER: _ClassVar[int]
    OPTIMIZER_BYTES_FIELD_NUMBER: _ClassVar[int]
    started_bytes: int
    built_bytes: int
    train_peak_bytes: int
    evaluate_peak_bytes: int
    children_bytes: int
    data_bytes: int
    parameter_bytes: int
    optimizer_bytes: int
    def __init__(self, started_bytes: _Optional[int] = ..., built_bytes: _Optional[int] = ..., train_peak_bytes: _Optional[int] = ..., evaluate_peak_bytes: _Optional[int] = ..., children_bytes: _Optional[int] = ..., data_bytes: _Optional[int] = ..., parameter_bytes: _Optional[int] = ..., optimizer_bytes: _Optional[int] = ...) -> None: ...

class ModelSummarized(_message.Message):
    __slots__ = ("layers", "parameter_count", "text", "untrained_count")
    LAYERS_FIELD_NUMBER: _ClassVar[int]
    PARAMETER_COUNT_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    UNTRAINED_COUNT_FIELD_NUMBER: _ClassVar[int]
    layers: _containers.RepeatedCompositeFieldContainer[LayerSummary]
    parameter_count: int
    text: str
    untrained_count: int
    def __init__(self, layers: _Optional[_Iterable[_Union[LayerSummary, _Mapping]]] = ..., parameter_count: _Optional[int] = ..., text: _Optional[str] = ..., untrained_count: _Optional[int] = ...) -> None: ...

class LayerSummary(_message.Message):
    __slots__ = ("kind", "output_shape", "parameter_count", "untrained_count")
    KIND_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_SHAPE_FIELD_NUMBER: _ClassVar[int]
    PARAMETER_COUNT_FIELD_NUMBER: _ClassVar[int]
    UNTRAINED_COUNT_FIELD_NUMBER: _ClassVar[int]
    kind: str
    output_shape: _containers.RepeatedScalarFieldContainer[int]
    parameter_count: int
    untrained_count: int
    def __init__(self, kind: _Optional[str] = ..., output_shape: _Optional[_Iterable[int]] = ..., parameter_count: _Optional[int] = ..., untrained_count: _Optional[int] = ...) -> None: ...

class ModelTraced(_message.Message):
    __slots__ = ("layers", "tensors", "draws", "notes", "case")
    LAYERS_FIELD_NUMBER: _ClassVar[int]
    TENSORS_FIELD_NUMBER: _ClassVar[int]
    DRAWS_FIELD_NUMBER: _ClassVar[int]
    NOTES_FIELD_NUMBER: _ClassVar[int]
    CASE_FIELD_NUMBER: _ClassVar[int]
    layers: _containers.RepeatedCompositeFieldContainer[TracedLayer]
    tensors: _containers.RepeatedCompositeFieldContainer[TracedTensor]
    draws: _containers.RepeatedCompositeFieldContainer[TracedDraw]
    notes: _containers.RepeatedScalarFieldContainer[str]
    case: TracedCase
    def __init__(self, layers: _Optional[_Iterable[_Union[TracedLayer, _Mapping]]] = ..., tensors: _Optional[_Iterable[_Union[TracedTensor, _Mapping]]] = ..., draws: _Optional[_Iterable[_Union[TracedDraw, _Mapping]]] = ..., notes: _Optional[_Iterable[str]] = ..., case: _Optional[_Union[TracedCase, _Mapping]] = ...) -> None: ...

class TracedCase(_message.Message):
    __slots__ = ("program", "reason", "end")
    PROGRAM_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    END_FIELD_NUMBER: _ClassVar[int]
    program: str
    reason: str
    end: str
    def __init__(self, program: _Optional[str] = ..., reason: _Optional[str] = ..., end: _Optional[str] = ...) -> None: ...

class TracedLayer(_message.Message):
    __slots__ = ("path", "type", "kind", "call", "settings", "input_shape", "output_shape")
    class SettingsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    PATH_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    CALL_FIELD_NUMBER: _ClassVar[int]
    SETTINGS_FIELD_NUMBER: _ClassVar[int]
    INPUT_SHAPE_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_SHAPE_FIELD_NUMBER: _ClassVar[int]
    path: str
    type: str
    kind: str
    call: int
    settings: _containers.ScalarMap[str, str]
    input_shape: _containers.RepeatedScalarFieldContainer[int]
    output_shape: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, path: _Optional[str] = ..., type: _Optional[str] = ..., kind: _Optional[str] = ..., call: _Optional[int] = ..., settings: _Optional[_Mapping[str, str]] = ..., input_shape: _Optional[_Iterable[int]] = ..., output_shape: _Optional[_Iterable[int]] = ...) -> None: ...

class TracedTensor(_message.Message):
    __slots__ = ("key", "layer", "part", "shape", "trained", "used", "tied_to", "variants")
    KEY_FIELD_NUMBER: _ClassVar[int]
    LAYER_FIELD_NUMBER: _ClassVar[int]
    PART_FIELD_NUMBER: _ClassVar[int]
    SHAPE_FIELD_NUMBER: _ClassVar[int]
    TRAINED_FIELD_NUMBER: _ClassVar[int]
    USED_FIELD_NUMBER: _ClassVar[int]
    TIED_TO_FIELD_NUMBER: _ClassVar[int]
    VARIANTS_FIELD_NUMBER: _ClassVar[int]
    key: str
    layer: str
    part: str
    shape: _containers.RepeatedScalarFieldContainer[int]
    trained: bool
    used: bool
    tied_to: str
    variants: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, key: _Optional[str] = ..., layer: _Optional[str] = ..., part: _Optional[str] = ..., shape: _Optional[_Iterable[int]] = ..., trained: _Optional[bool] = ..., used: _Optional[bool] = ..., tied_to: _Optional[str] = ..., variants: _Optional[_Iterable[str]] = ...) -> None: ...

class TracedDraw(_message.Message):
    __slots__ = ("path", "rate", "shape")
    PATH_FIELD_NUMBER: _ClassVar[int]
    RATE_FIELD_NUMBER: _ClassVar[int]
    SHAPE_FIELD_NUMBER: _ClassVar[int]
    path: str
    rate: float
    shape: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, path: _Optional[str] = ..., rate: _Optional[float] = ..., shape: _Optional[_Iterable[int]] = ...) -> None: ...

class ImagesPreviewed(_message.Message):
    __slots__ = ("shape", "originals", "augmented", "labels", "read_labels")
    SHAPE_FIELD_NUMBER: _ClassVar[int]
    ORIGINALS_FIELD_NUMBER: _ClassVar[int]
    AUGMENTED_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    READ_LABELS_FIELD_NUMBER: _ClassVar[int]
    shape: _containers.RepeatedScalarFieldContainer[int]
    originals: _containers.RepeatedScalarFieldContainer[float]
    augmented: _containers.RepeatedScalarFieldContainer[float]
    labels: _containers.RepeatedScalarFieldContainer[int]
    read_labels: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, shape: _Optional[_Iterable[int]] = ..., originals: _Optional[_Iterable[float]] = ..., augmented: _Optional[_Iterable[float]] = ..., labels: _Optional[_Iterable[int]] = ..., read_labels: _Optional[_Iterable[int]] = ...) -> None: ...

class MachineMeasured(_message.Message):
    __slots__ = ("operations_per_second", "bytes_per_second", "calls_per_second")
    OPERATIONS_PER_SECOND_FIELD_NUMBER: _ClassVar[int]
    BYTES_PER_SECOND_FIELD_NUMBER: _ClassVar[int]
    CALLS_PER_SECOND_FIELD_NUMBER: _ClassVar[int]
    operations_per_second: float
    bytes_per_second: float
    calls_per_second: float
    def __init__(self, operations_per_second: _Optional[float] = ..., bytes_per_second: _Optional[float] = ..., calls_per_second: _Optional[float] = ...) -> None: ...

class Profiled(_message.Message):
    __slots__ = ("operations", "total_duration", "steps", "kernels", "busy_duration", "wall_duration", "calls")
    OPERATIONS_FIELD_NUMBER: _ClassVar[int]
    TOTAL_DURATION_FIELD_NUMBER: _ClassVar[int]
    STEPS_FIELD_NUMBER: _ClassVar[int]
    KERNELS_FIELD_NUMBER: _ClassVar[int]
    BUSY_DURATION_FIELD_NUMBER: _ClassVar[int]
    WALL_DURATION_FIELD_NUMBER: _ClassVar[int]
    CALLS_FIELD_NUMBER: _ClassVar[int]
    operations: _containers.RepeatedCompositeFieldContainer[Operation]
    total_duration: _duration_pb2.Duration
    steps: int
    kernels: int
    busy_duration: _duration_pb2.Duration
    wall_duration: _duration_pb2.Duration
    calls: int
    def __init__(self, operations: _Optional[_Iterable[_Union[Operation, _Mapping]]] = ..., total_duration: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., steps: _Optional[int] = ..., kernels: _Optional[int] = ..., busy_duration: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., wall_duration: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., calls: _Optional[int] = ...) -> None: ...

class Operation(_message.Message):
    __slots__ = ("name", "calls", "self_duration")
    NAME_FIELD_NUMBER: _ClassVar[int]
    CALLS_FIELD_NUMBER: _ClassVar[int]
    SELF_DURATION_FIELD_NUMBER: _ClassVar[int]
    name: str
    calls: int
    self_duration: _duration_pb2.Duration
    def __init__(self, name: _Optional[str] = ..., calls: _Optional[int] = ..., self_duration: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class AcceleratorUsed(_message.Message):
    __slots__ = ("uuid", "samples", "peak_memory_bytes", "mean_utilization", "mean_power_watts", "energy_joules", "throttled", "most_processes")
    UUID_FIELD_NUMBER: _ClassVar[int]
    SAMPLES_FIELD_NUMBER: _ClassVar[int]
    PEAK_MEMORY_BYTES_FIELD_NUMBER: _ClassVar[int]
    MEAN_UTILIZATION_FIELD_NUMBER: _ClassVar[int]
    MEAN_POWER_WATTS_FIELD_NUMBER: _ClassVar[int]
    ENERGY_JOULES_FIELD_NUMBER: _ClassVar[int]
    THROTTLED_FIELD_NUMBER: _ClassVar[int]
    MOST_PROCESSES_FIELD_NUMBER: _ClassVar[int]
    uuid: str
    samples: int
    peak_memory_bytes: int
    mean_utilization: float
    mean_power_watts: float
    energy_joules: float
    throttled: _containers.RepeatedScalarFieldContainer[str]
    most_processes: int
    def __init__(self, uuid: _Optional[str] = ..., samples: _Optional[int] = ..., peak_memory_bytes: _Optional[int] = ..., mean_utilization: _Optional[float] = ..., mean_power_watts: _Optional[float] = ..., energy_joules: _Optional[float] = ..., throttled: _Optional[_Iterable[str]] = ..., most_processes: _Optional[int] = ...) -> None: ...

class Environment(_message.Message):
    __slots__ = ("framework", "framework_version", "python_version", "platform", "cpu_model", "available_cpus", "threads", "blas", "cuda_version", "cudnn_version", "driver_version", "accelerators", "packages", "precision_notes", "cpu_set", "cpu_flags", "cpu_governor", "cpu_limit", "memory_bytes", "image", "git_commit", "debug_build", "tf32", "variables", "used", "own", "physical_cores")
    class PackagesEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    class VariablesEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    class UsedEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    FRAMEWORK_FIELD_NUMBER: _ClassVar[int]
    FRAMEWORK_VERSION_FIELD_NUMBER: _ClassVar[int]
    PYTHON_VERSION_FIELD_NUMBER: _ClassVar[int]
    PLATFORM_FIELD_NUMBER: _ClassVar[int]
    CPU_MODEL_FIELD_NUMBER: _ClassVar[int]
    AVAILABLE_CPUS_FIELD_NUMBER: _ClassVar[int]
    THREADS_FIELD_NUMBER: _ClassVar[int]
    BLAS_FIELD_NUMBER: _ClassVar[int]
    CUDA_VERSION_FIELD_NUMBER: _ClassVar[int]
    CUDNN_VERSION_FIELD_NUMBER: _ClassVar[int]
    DRIVER_VERSION_FIELD_NUMBER: _ClassVar[int]
    ACCELERATORS_FIELD_NUMBER: _ClassVar[int]
    PACKAGES_FIELD_NUMBER: _ClassVar[int]
    PRECISION_NOTES_FIELD_NUMBER: _ClassVar[int]
    CPU_SET_FIELD_NUMBER: _ClassVar[int]
    CPU_FLAGS_FIELD_NUMBER: _ClassVar[int]
    CPU_GOVERNOR_FIELD_NUMBER: _ClassVar[int]
    CPU_LIMIT_FIELD_NUMBER: _ClassVar[int]
    MEMORY_BYTES_FIELD_NUMBER: _ClassVar[int]
    IMAGE_FIELD_NUMBER: _ClassVar[int]
    GIT_COMMIT_FIELD_NUMBER: _ClassVar[int]
    DEBUG_BUILD_FIELD_NUMBER: _ClassVar[int]
    TF32_FIELD_NUMBER: _ClassVar[int]
    VARIABLES_FIELD_NUMBER: _ClassVar[int]
    USED_FIELD_NUMBER: _ClassVar[int]
    OWN_FIELD_NUMBER: _ClassVar[int]
    PHYSICAL_CORES_FIELD_NUMBER: _ClassVar[int]
    framework: str
    framework_version: str
    python_version: str
    platform: str
    cpu_model: str
    available_cpus: int
    threads: int
    blas: str
    cuda_version: str
    cudnn_version: str
    driver_version: str
    accelerators: _containers.RepeatedCompositeFieldContainer[Accelerator]
    packages: _containers.ScalarMap[str, str]
    precision_notes: str
    cpu_set: str
    cpu_flags: _containers.RepeatedScalarFieldContainer[str]
    cpu_governor: str
    cpu_limit: float
    memory_bytes: int
    image: str
    git_commit: str
    debug_build: bool
    tf32: bool
    variables: _containers.ScalarMap[str, str]
    used: _containers.ScalarMap[str, str]
    own: _containers.RepeatedScalarFieldContainer[str]
    physical_cores: int
    def __init__(self, framework: _Optional[str] = ..., framework_version: _Optional[str] = ..., python_version: _Optional[str] = ..., platform: _Optional[str] = ..., cpu_model: _Optional[str] = ..., available_cpus: _Optional[int] = ..., threads: _Optional[int] = ..., blas: _Optional[str] = ..., cuda_version: _Optional[str] = ..., cudnn_version: _Optional[str] = ..., driver_version: _Optional[str] = ..., accelerators: _Optional[_Iterable[_Union[Accelerator, _Mapping]]] = ..., packages: _Optional[_Mapping[str, str]] = ..., precision_notes: _Optional[str] = ..., cpu_set: _Optional[str] = ..., cpu_flags: _Optional[_Iterable[str]] = ..., cpu_governor: _Optional[str] = ..., cpu_limit: _Optional[float] = ..., memory_bytes: _Optional[int] = ..., image: _Optional[str] = ..., git_commit: _Optional[str] = ..., debug_build: _Optional[bool] = ..., tf32: _Optional[bool] = ..., variables: _Optional[_Mapping[str, str]] = ..., used: _Optional[_Mapping[str, str]] = ..., own: _Optional[_Iterable[str]] = ..., physical_cores: _Optional[int] = ...) -> None: ...

class Accelerator(_message.Message):
    __slots__ = ("name", "uuid", "memory_bytes")
    NAME_FIELD_NUMBER: _ClassVar[int]
    UUID_FIELD_NUMBER: _ClassVar[int]
    MEMORY_BYTES_FIELD_NUMBER: _ClassVar[int]
    name: str
    uuid: str
    memory_bytes: int
    def __init__(self, name: _Optional[str] = ..., uuid: _Optional[str] = ..., memory_bytes: _Optional[int] = ...) -> None: ...
