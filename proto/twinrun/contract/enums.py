"""All enumerations of a job and its events. Members are those of job.proto."""

from enum import StrEnum


class TargetKind(StrEnum):
    CLASS = "class"
    FLAGS = "flags"
    NUMBERS = "numbers"
    TOKENS = "tokens"


class ClassWeightsDivisor(StrEnum):
    WEIGHTS = "weights"
    SAMPLES = "samples"


class EpsilonPlace(StrEnum):
    OUTSIDE = "outside"
    INSIDE = "inside"


class DecayForm(StrEnum):
    COUPLED = "coupled"
    DECOUPLED_TIMES_RATE = "decoupled_times_rate"
    DECOUPLED = "decoupled"


class Decayed(StrEnum):
    ALL = "all"
    KERNELS = "kernels"


class Recipe(StrEnum):
    MATCHED = "matched"
    IDIOMATIC = "idiomatic"


class OwnWay(StrEnum):
    INITIAL_WEIGHTS = "initial_weights"
    BATCH_ORDER = "batch_order"
    ADAM_EPSILON = "adam_epsilon"
    LOSS = "loss"
    LAST_BATCH = "last_batch"
    ACCURACY = "accuracy"
    DATA_PIPELINE = "data_pipeline"
    JIT_COMPILE = "jit_compile"
    DENORMALS = "denormals"
    CUDA_GRAPH = "cuda_graph"
    TARGET_SHAPE = "target_shape"
    NORM_EPSILON = "norm_epsilon"
    RMSPROP_EPSILON = "rmsprop_epsilon"
    WEIGHT_DECAY = "weight_decay"


class Loop(StrEnum):
    FIT = "fit"
    CUSTOM = "custom"


class Execution(StrEnum):
    DEFAULT = "default"
    EAGER = "eager"
    COMPILED = "compiled"


class CodeLayout(StrEnum):
    CHANNELS_FIRST = "channels_first"
    CHANNELS_LAST = "channels_last"


class Precision(StrEnum):
    FLOAT32 = "float32"
    FLOAT64 = "float64"
    BFLOAT16 = "bfloat16"
    FLOAT16 = "float16"


# Products in 16 bits; parameters, optimizer and all else in float32.
MIXED = frozenset({Precision.BFLOAT16, Precision.FLOAT16})


class Device(StrEnum):
    CPU = "cpu"
    CUDA = "cuda"


class ActivationFunction(StrEnum):
    RELU = "relu"
    TANH = "tanh"
    SIGMOID = "sigmoid"
    GELU = "gelu"
    SOFTMAX = "softmax"
    LEAKY_RELU = "leaky_relu"
    ELU = "elu"
    SELU = "selu"
    SILU = "silu"
    SOFTPLUS = "softplus"
    GELU_TANH = "gelu_tanh"


class Interpolation(StrEnum):
    NEAREST = "nearest"
    BILINEAR = "bilinear"


class FanMode(StrEnum):
    IN = "in"
    OUT = "out"
    AVERAGE = "average"


class Distribution(StrEnum):
    UNIFORM = "uniform"
    NORMAL = "normal"


class JobState(StrEnum):
    PENDING = "pending"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def ended(self) -> bool:
        return self not in (JobState.PENDING, JobState.RUNNING)


class Phase(StrEnum):
    IMPORT = "import"
    DATA = "data"
    BUILD = "build"
    COMPILE = "compile"
    TRAIN = "train"
    EVALUATE = "evaluate"


class WeightsKind(StrEnum):
    INITIAL = "initial"
    FINAL = "final"
