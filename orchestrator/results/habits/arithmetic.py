"""Differences of numbers, of windows and of initial values, beside those of `pitfalls`."""

from twinrun.v1 import job_pb2

from orchestrator.language.phrases import Phrase
from orchestrator.results.habits.pitfall import Pitfall

ARITHMETIC = (
    Pitfall(
        name="norm-momentum",
        way=job_pb2.OWN_WAY_NORM_MOMENTUM,
        title=Phrase("Momentum of batch norm"),
        pytorch=Phrase("0.1 of the batch is taken in"),
        tensorflow=Phrase("0.99 of what was is kept"),
        paragraph=Phrase(
            "A batch norm evaluates with moving statistics. PyTorch's momentum is the share of the "
            "batch that is taken in, 0.1; Keras's is the share that is kept, 0.99. Written in one "
            "convention that is 0.9 against 0.99: Keras's statistics follow ten times as slowly. "
            "The training losses are the same to the last digit, for training uses the batch's "
            "own statistics; after few steps the test metric is another."
        ),
        source=(
            "https://docs.pytorch.org/docs/stable/generated/torch.nn.BatchNorm2d.html, "
            "https://keras.io/api/layers/normalization_layers/batch_normalization/"
        ),
        usual=True,
    ),
    Pitfall(
        name="epsilon-place",
        way=job_pb2.OWN_WAY_EPSILON_PLACE,
        title=Phrase("Place of epsilon"),
        pytorch=Phrase("after the bias correction; outside the root"),
        tensorflow=Phrase("before it; inside RMSprop's root"),
        paragraph=Phrase(
            "One number in two places: both sides keep the job's epsilon, also where it is the "
            "default, and only its place in the formula of Adam, AdamW or RMSprop is each "
            "framework's own. What the rows of Adam's and RMSprop's epsilon show beyond this one "
            "is the effect of the number."
        ),
        source=(
            "https://arxiv.org/abs/1412.6980, https://keras.io/api/optimizers/adam/, "
            "https://docs.pytorch.org/docs/stable/generated/torch.optim.RMSprop.html"
        ),
    ),
    Pitfall(
        name="same-padding",
        way=job_pb2.OWN_WAY_SAME_PADDING,
        title=Phrase("'same' padding with a stride"),
        pytorch=Phrase("as many zeros before as after"),
        tensorflow=Phrase("one more after"),
        paragraph=Phrase(
            "PyTorch's convolutions refuse padding='same' with a stride, so people write half the "
            "window, on both sides. TensorFlow's 'same' takes only as many zeros as it needs, and "
            "an odd one stands after. With a window of 3 and a stride of 2 on an even side, the "
            "shapes agree and every window is one pixel off: weights that were trained by one "
            "framework see a shifted image in the other."
        ),
        source=(
            "https://www.tensorflow.org/api_docs/python/tf/nn#notes_on_padding_2, "
            "https://docs.pytorch.org/docs/stable/generated/torch.nn.Conv2d.html"
        ),
    ),
    Pitfall(
        name="initialisers",
        way=job_pb2.OWN_WAY_INITIALIZERS,
        title=Phrase("Own initialisers, one generator"),
        pytorch=Phrase("U(±1/√fan_in), biases too; tables N(0, 1)"),
        tensorflow=Phrase("Glorot uniform, biases zero; tables U(±0.05)"),
        paragraph=Phrase(
            "Of the row of own initial values this keeps the distribution alone: both sides draw "
            "by the shared generator, and where the job leaves an initialiser of a dense layer, a "
            "convolution or an embedding to its default, it is the framework's. So luck is the "
            "same on both sides, and what is left is that one framework starts with smaller "
            "weights than the other. Other layers keep the job's."
        ),
        source=(
            "https://docs.pytorch.org/docs/stable/generated/torch.nn.Linear.html, "
            "https://keras.io/api/layers/initializers/"
        ),
    ),
)
