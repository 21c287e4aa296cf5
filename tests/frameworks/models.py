"""Small models of `jobs`: convolutions, what resizes images, norms, and sequences."""

from twinrun.contract.enums import ActivationFunction, Interpolation
from twinrun.contract.initializers import Normal
from twinrun.contract.layers import (
    Activation,
    BatchNorm,
    Bidirectional,
    Branch,
    Concat,
    Conv1d,
    Conv2d,
    Conv2dTranspose,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    GlobalAveragePool1d,
    GlobalAveragePool2d,
    GlobalMaxPool1d,
    GlobalMaxPool2d,
    GroupNorm,
    Gru,
    LastStep,
    LayerNorm,
    Lstm,
    MaxPool2d,
    MultiHeadAttention,
    PositionEmbedding,
    Repeat,
    Residual,
    RmsNorm,
    SinusoidalPositions,
    ToSequence,
    UpSampling2d,
    ZeroPadding2d,
)
from twinrun.contract.optimizers import Optimizer, Sgd
from twinrun.contract.regularization import Clip, ClipByGlobalNorm
from twinrun.contract.schedules import Cosine, Schedule

CLASSES = 5
# Whose devices share statistics, masks and norms.
SHARED = (
    Conv2d(3, 2, bias_initializer=Normal(0.1)),
    BatchNorm(momentum=0.7),
    Activation(ActivationFunction.TANH),
    Flatten(),
    Dropout(0.3),
    Dense(CLASSES),
)
CLIPPED = Optimizer(Sgd(0.9), 0.1, Schedule(Cosine(8), 2), Clip(ClipByGlobalNorm(0.5)))
PADDING = 2  # the code of padded steps
# As TensorFlow pads, odd zeros after; other zeros on each side; dilation; groups, some depthwise.
RECTANGULAR = (
    Conv2d(4, size_2d=(2, 3), stride_2d=(1, 2), same=True, bias_initializer=Normal(0.1)),
    Activation(ActivationFunction.TANH),
    Conv2d(6, size=2, padding_2d=(0, 1), groups=2),
    Activation(ActivationFunction.TANH),
    Conv2d(12, size_2d=(2, 1), padding_2d=(2, 1, 0, 1), dilation=2, groups=6),
    Activation(ActivationFunction.TANH),
    Conv2d(12, size_2d=(3, 2), stride_2d=(2, 1), padding=1, groups=12, use_bias=False),
    Activation(ActivationFunction.TANH),
    Conv2d(3, size=3, stride=2, same=True, dilation=2),
    Flatten(),
    Dense(CLASSES),
)
# Kernels larger and smaller than their stride, with nothing cut off, some, or an odd one after.
TRANSPOSED = (
    Conv2dTranspose(4, size_2d=(3, 2), stride_2d=(2, 3), same=True, bias_initializer=Normal(0.1)),
    Activation(ActivationFunction.TANH),
    Conv2d(3, size=3, stride=2),
    Conv2dTranspose(5, size=3, stride=2, padding=1, output_padding=1),
    Activation(ActivationFunction.TANH),
    Conv2d(3, size=2, stride=3),
    Conv2dTranspose(2, size=2, stride=3, output_padding=2, use_bias=False),
    Activation(ActivationFunction.TANH),
    Conv2dTranspose(3, size=4, stride=2, same=True),
    Conv2dTranspose(2, padding=1),
    Conv2d(2, size=4, stride=4),
    Flatten(),
    Dense(CLASSES),
)
SCALED = (
    ZeroPadding2d(padding_2d=(0, 1, 2, 0)),
    Conv2d(4, size=2, stride=2),
    Activation(ActivationFunction.TANH),
    UpSampling2d(3, Interpolation.BILINEAR),
    Conv2d(3, size=3, stride=2),
    UpSampling2d(),
    Conv2d(6, size=2),
    GlobalAveragePool2d(),
    Dense(CLASSES),
)
PEAKS = (
    Conv2d(8, size=2),
    Activation(ActivationFunction.RELU),
    ZeroPadding2d(),
    GlobalMaxPool2d(),
    Dense(CLASSES),
)
NORMED = (
    Conv2d(6, size=2),
    GroupNorm(3, epsilon=0.02),
    Activation(ActivationFunction.TANH),
    GroupNorm(6),
    Flatten(),
    Dense(7),
    LayerNorm(epsilon=0.01),
    Activation(ActivationFunction.TANH),
    Dense(6),
    RmsNorm(epsilon=0.03),
    Dense(CLASSES),
)
# As many positions come out as there are of targets.
CONVOLVED_TOKENS = (
    Embedding(CLASSES + 1, 4, Normal(0.5)),
    Conv1d(6, size=4, same=True, bias_initializer=Normal(0.1)),
    Activation(ActivationFunction.TANH),
    Conv1d(5, size=3, padding_1d=(2, 0), use_bias=False),
    Activation(ActivationFunction.TANH),
    Conv1d(6, size=2, stride=2, padding=2),
    Dense(CLASSES),
)
GROUPED_TOKENS = (
    *CONVOLVED_TOKENS[:-2],
    Conv1d(10, size=2, padding_1d=(2, 1), dilation=3, groups=5, bias_initializer=Normal(0.1)),
    Activation(ActivationFunction.TANH),
    Conv1d(6, size=2, same=True, dilation=2, groups=2, use_bias=False),
    *CONVOLVED_TOKENS[-2:],
)
NORMED_TOKENS = (
    Embedding(CLASSES + 1, 4, Normal(0.5)),
    Dense(6, use_bias=False),
    BatchNorm(momentum=0.7, epsilon=1e-3),
    Activation(ActivationFunction.TANH),
    LayerNorm(),
    Dense(5),
    RmsNorm(),
    Dense(CLASSES),
)
# Of codes, for a class of the whole sequence.
SEQUENCE = (
    Embedding(CLASSES, 6, Normal(0.5)),
    PositionEmbedding(Normal(0.3)),
    MultiHeadAttention(2, causal=True, bias_initializer=Normal(0.2)),
    Activation(ActivationFunction.TANH),
    Lstm(7, bias_initializer=Normal(0.3)),
    MultiHeadAttention(1, use_bias=False),
    LastStep(),
    Dense(CLASSES),
)
# Of what is compiled; attention drops values.
RECURRENT = (
    Embedding(CLASSES, 6, Normal(0.5)),
    SinusoidalPositions(),
    MultiHeadAttention(2, causal=True, dropout=0.3),
    Gru(4, bias_initializer=Normal(0.3)),
    Concat((Branch((GlobalAveragePool1d(),)), Branch((GlobalMaxPool1d(),)))),
    Dense(CLASSES),
)
# All that leaves padded steps out, wherever they are, and what hands them on.
PADDED = (
    Embedding(CLASSES, 6, Normal(0.5), padding=PADDING),
    PositionEmbedding(Normal(0.3)),
    SinusoidalPositions(),
    MultiHeadAttention(2, causal=True, dropout=0.3, bias_initializer=Normal(0.2)),
    Residual((LayerNorm(), Dense(6), Activation(ActivationFunction.TANH))),
    Bidirectional(Lstm(2, bias_initializer=Normal(0.3))),
    Concat((Branch((Gru(2, bias_initializer=Normal(0.3)),)), Branch((Gru(4, reset_after=False),)))),
    MultiHeadAttention(2),
    Concat((Branch((GlobalAveragePool1d(),)), Branch((GlobalMaxPool1d(),)), Branch((LastStep(),)))),
    Dense(CLASSES),
)
# Of an image's pixels; all that sequences have, in all forms that those above have not.
PIXELS = (
    Conv2d(5, size=2),
    ToSequence(),
    SinusoidalPositions(),
    Bidirectional(Lstm(2, bias_initializer=Normal(0.3))),
    Bidirectional(Gru(2, bias_initializer=Normal(0.3), reset_after=False)),
    Gru(4, bias_initializer=Normal(0.3)),
    MultiHeadAttention(2, use_bias=False, dropout=0.4),
    Concat((Branch((GlobalAveragePool1d(),)), Branch((GlobalMaxPool1d(),)))),
    Dense(CLASSES),
)
# What Keras trains on a CPU too.
TRAINABLE = (
    Conv2d(4, size_2d=(2, 3), stride_2d=(1, 2), same=True),
    Conv2d(3, size=2, padding_2d=(2, 1, 0, 1)),
    Conv2d(3, size=3, same=True),
    Conv2d(3, size=3, padding_2d=(1, 1)),
    Flatten(),
    Dense(CLASSES),
)
# Sums with a shortcut of their own and without, branches of which one is the input itself, and
# repetitions: of images and of what is flat, with moving statistics and masks inside.
NESTED = (
    Residual(
        (
            Conv2d(3, padding=1, use_bias=False),
            BatchNorm(momentum=0.7, epsilon=1e-3),
            Activation(ActivationFunction.TANH),
            Dropout(0.2),
        ),
        (Conv2d(3, size=1, bias_initializer=Normal(0.1)),),
    ),
    Concat(
        (
            Branch((Conv2d(2, padding=1), Activation(ActivationFunction.RELU))),
            Branch(),
            Branch((Dropout(0.3), Conv2d(1, size=1))),
        )
    ),
    Repeat(2, (Residual((Conv2d(6, padding=1, use_bias=False), BatchNorm())), MaxPool2d(2, 1))),
    Flatten(),
    Dense(8),
    Repeat(2, (Residual((Dense(5), Activation(ActivationFunction.TANH), Dense(8))),)),
    Concat((Branch((Dense(4), Activation(ActivationFunction.SIGMOID))), Branch((Dropout(0.4),)))),
    Dense(CLASSES),
)
