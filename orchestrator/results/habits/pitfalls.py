"""The differences that a careless comparison lets in, one by one, and what is known about each."""

from twinrun.v1 import job_pb2

from orchestrator.language.phrases import Phrase
from orchestrator.results.habits.arithmetic import ARITHMETIC
from orchestrator.results.habits.machinery import MACHINERY
from orchestrator.results.habits.pitfall import Pitfall

_EARLIER = (
    Pitfall(
        name="initial-values",
        way=job_pb2.OWN_WAY_INITIAL_WEIGHTS,
        title=Phrase("Own initial values"),
        pytorch=Phrase("U(±1/√fan_in), biases too"),
        tensorflow=Phrase("Glorot uniform, biases zero"),
        paragraph=Phrase(
            "torch.nn.Linear draws kernel and bias uniformly within one over the square root of "
            "its inputs; a Keras Dense layer draws its kernel by Glorot and Bengio's rule and "
            "starts its bias at zero. Both draw from generators of their own, so that one seed "
            "gives two different models. The runs part at the first step, and whichever ends "
            "ahead may have drawn the luckier start."
        ),
        source=(
            "https://docs.pytorch.org/docs/stable/generated/torch.nn.Linear.html, "
            "https://keras.io/api/layers/core_layers/dense/"
        ),
        usual=True,
    ),
    Pitfall(
        name="batch-order",
        way=job_pb2.OWN_WAY_BATCH_ORDER,
        title=Phrase("Own batch order"),
        pytorch=Phrase("RandomSampler, its own generator"),
        tensorflow=Phrase("tf.data's shuffle, its own generator"),
        paragraph=Phrase(
            "Each framework shuffles with a generator of its own, and tf.data shuffles within a "
            "buffer: one that is smaller than the data set does not even mix all of it. With "
            "other samples in a batch the gradient is another, from the first step on. Over many "
            "seeds it evens out; in one run it can be a tenth of a point of accuracy."
        ),
        source=(
            "https://docs.pytorch.org/docs/stable/data.html, "
            "https://www.tensorflow.org/api_docs/python/tf/data/Dataset#shuffle"
        ),
        usual=True,
    ),
    Pitfall(
        name="adam-epsilon",
        way=job_pb2.OWN_WAY_ADAM_EPSILON,
        title=Phrase("Adam's epsilon"),
        pytorch=Phrase("after the bias correction; 1e-8, or the job's"),
        tensorflow=Phrase("before it; 1e-7, or the job's"),
        paragraph=Phrase(
            "Kingma and Ba's Algorithm 1 adds epsilon to the square root of the corrected second "
            "moment, and PyTorch does so. Keras uses the reformulation at the end of their "
            "section 2 and adds what they call epsilon-hat before the correction, which makes it "
            "up to thirty times as large in the first steps; its default is ten times PyTorch's "
            "too. Writing the same number into both does not make them the same optimizer: where "
            "the job sets an epsilon other than 1e-8, both keep it, and only its place differs."
        ),
        source=(
            "https://arxiv.org/abs/1412.6980, https://keras.io/api/optimizers/adam/, "
            "https://docs.pytorch.org/docs/stable/generated/torch.optim.Adam.html"
        ),
        usual=True,
    ),
    Pitfall(
        name="rmsprop-epsilon",
        way=job_pb2.OWN_WAY_RMSPROP_EPSILON,
        title=Phrase("RMSprop's epsilon"),
        pytorch=Phrase("outside the root; 1e-8, or the job's"),
        tensorflow=Phrase("inside the root; 1e-7, or the job's"),
        paragraph=Phrase(
            "RMSprop comes from a lecture whose slides do not say where an epsilon stands. PyTorch "
            "adds it to the square root, Keras to the mean square within it: its 1e-7 is there "
            "worth the root of that, 0.0003, beside PyTorch's 1e-8. Where gradients are small, as "
            "in a model that has nearly learned its task, Keras's steps are smaller."
        ),
        source=(
            "https://docs.pytorch.org/docs/stable/generated/torch.optim.RMSprop.html, "
            "https://keras.io/api/optimizers/rmsprop/"
        ),
        usual=True,
    ),
    Pitfall(
        name="weight-decay",
        way=job_pb2.OWN_WAY_WEIGHT_DECAY,
        title=Phrase("Form of weight decay"),
        pytorch=Phrase("added to the gradient"),
        tensorflow=Phrase("taken from the weight, times the rate"),
        paragraph=Phrase(
            "Most optimizers of both frameworks have an argument weight_decay. PyTorch adds the "
            "weight to its gradient, and Adam then divides the decay by the root of its second "
            "moment like any gradient. Keras takes it from the weight itself, times the learning "
            "rate: what PyTorch calls AdamW. With plain SGD the two are the same; with momentum "
            "or Adam they are not, and one number means another strength."
        ),
        source=(
            "https://arxiv.org/abs/1711.05101, "
            "https://docs.pytorch.org/docs/stable/generated/torch.optim.Adam.html, "
            "https://keras.io/api/optimizers/adam/"
        ),
    ),
    Pitfall(
        name="norm-epsilon",
        way=job_pb2.OWN_WAY_NORM_EPSILON,
        title=Phrase("Epsilon of norms"),
        pytorch=Phrase("1e-5; of an RMS norm the type's own"),
        tensorflow=Phrase("1e-3; of an RMS norm 1e-6"),
        paragraph=Phrase(
            "Batch, layer and group norms add epsilon to a variance: 1e-5 in PyTorch, 1e-3 in "
            "Keras. A model that is carried over by its layers' names gets the other one. Where "
            "variances are near 1 that is one part in two thousand; where a layer's inputs are "
            "small, it is another function."
        ),
        source=(
            "https://docs.pytorch.org/docs/stable/generated/torch.nn.LayerNorm.html, "
            "https://keras.io/api/layers/normalization_layers/layer_normalization/"
        ),
        usual=True,
    ),
    Pitfall(
        name="softmax-in-model",
        way=job_pb2.OWN_WAY_LOSS,
        title=Phrase("Softmax in the model"),
        pytorch=Phrase("its loss applies softmax again"),
        tensorflow=Phrase("its loss finds the logits behind it"),
        paragraph=Phrase(
            "A Keras model ends in softmax as often as not, for its losses take probabilities "
            "unless from_logits=True is said; in a graph Keras looks for the softmax and takes "
            "the logits behind it, and where it cannot, it clips the probabilities at 1e-7. "
            "torch.nn.CrossEntropyLoss takes logits, always: the same model carried over has its "
            "softmax taken twice, which no error tells. The loss can then not fall below 1.46 "
            "with ten classes, and the gradients are small."
        ),
        source=(
            "https://keras.io/api/losses/probabilistic_losses/, "
            "https://docs.pytorch.org/docs/stable/generated/torch.nn.CrossEntropyLoss.html"
        ),
    ),
    Pitfall(
        name="last-batch",
        way=job_pb2.OWN_WAY_LAST_BATCH,
        title=Phrase("Dropped last batch"),
        pytorch=Phrase("dropped, as drop_last=True does"),
        tensorflow=Phrase("kept"),
        paragraph=Phrase(
            "Where the batch size does not divide the number of samples, the last batch is short. "
            "Both frameworks keep it unless told otherwise, but many training scripts drop it, to "
            "keep shapes the same for a compiler or for batch normalisation. Then one side takes "
            "a step less in each epoch, and every step after that is out of line."
        ),
        source=(
            "https://docs.pytorch.org/docs/stable/data.html#torch.utils.data.DataLoader, "
            "https://www.tensorflow.org/api_docs/python/tf/data/Dataset#batch"
        ),
    ),
    Pitfall(
        name="target-shape",
        way=job_pb2.OWN_WAY_TARGET_SHAPE,
        title=Phrase("Shape of the targets"),
        pytorch=Phrase("[n] against [n, 1]: each prediction with each target"),
        tensorflow=Phrase("[n] against [n, 1]: made the same shape"),
        paragraph=Phrase(
            "A model with one output gives predictions [n, 1], and a column of a table gives "
            "targets [n]. Keras's losses make the shapes equal. PyTorch's broadcast to [n, n]: "
            "every prediction is then held against every target, and the best that a model can do "
            "is to predict their mean. PyTorch warns once; the loss falls, and looks as it should."
        ),
        source=(
            "https://docs.pytorch.org/docs/stable/notes/broadcasting.html, "
            "https://docs.pytorch.org/docs/stable/generated/torch.nn.MSELoss.html"
        ),
    ),
    Pitfall(
        name="running-accuracy",
        way=job_pb2.OWN_WAY_ACCURACY,
        title=Phrase("Running accuracy"),
        pytorch=Phrase("on the test data, after the epoch"),
        tensorflow=Phrase("on the training data, during the epoch"),
        paragraph=Phrase(
            "The accuracy in Keras's progress bar is a mean over the epoch's batches, each "
            "measured before its own step and while the model was still learning. A PyTorch loop "
            "usually measures after the epoch. The training is the same; the two numbers answer "
            "different questions, and in the first epoch they can be several points apart."
        ),
        source="https://keras.io/api/metrics/, https://keras.io/api/models/model_training_apis/",
    ),
    Pitfall(
        name="data-pipeline",
        way=job_pb2.OWN_WAY_DATA_PIPELINE,
        title=Phrase("Own data pipeline"),
        pytorch=Phrase("DataLoader, transforms a sample at a time"),
        tensorflow=Phrase("tf.data, a batch at a time"),
        paragraph=Phrase(
            "The same samples in the same order, but fetched as each framework's tutorials do. A "
            "Dataset with transforms calls Python for every sample; on a small model that takes "
            "many times as long as the training itself, and a comparison then tells how fast "
            "Python decodes images. It is behind most reports that PyTorch is slow on MNIST."
        ),
        source=(
            "https://github.com/pytorch/pytorch/issues/42402, "
            "https://www.tensorflow.org/guide/data_performance"
        ),
        usual=True,
    ),
    Pitfall(
        name="jit-compile",
        way=job_pb2.OWN_WAY_JIT_COMPILE,
        title=Phrase("jit_compile"),
        pytorch=Phrase("op by op"),
        tensorflow=Phrase("compiled by XLA"),
        paragraph=Phrase(
            "Model.compile has jit_compile='auto': Keras compiles with XLA where it thinks that "
            "it helps, on a GPU, and says nothing. PyTorch compiles when it is asked to. Without "
            "a look at this setting a comparison pits a compiler against none; and the first "
            "epoch, which contains the compiling, against later ones."
        ),
        source=(
            "https://keras.io/api/models/model_training_apis/, "
            "https://docs.pytorch.org/docs/stable/generated/torch.compile.html"
        ),
    ),
    Pitfall(
        name="denormals",
        way=job_pb2.OWN_WAY_DENORMALS,
        title=Phrase("Denormal numbers"),
        pytorch=Phrase("kept"),
        tensorflow=Phrase("made zero"),
        paragraph=Phrase(
            "Where a weight has no gradient for a while, as behind a ReLU that is off, Adam's "
            "first moment of it shrinks by a tenth at each step, and within some 700 steps is "
            "smaller than any normal float32. A processor takes a hundred cycles or more for each "
            "operation on such a denormal number. TensorFlow has its threads make them zero; "
            "PyTorch keeps them unless torch.set_flush_denormal(True) is called. The losses are "
            "the same to the last digit, and from the second epoch on each takes up to several "
            "times as long."
        ),
        source=(
            "https://docs.pytorch.org/docs/stable/generated/torch.set_flush_denormal.html, "
            "https://github.com/tensorflow/tensorflow/blob/master/tensorflow/core/platform/denormal.h"
        ),
        usual=True,
    ),
    Pitfall(
        name="cuda-graph",
        way=job_pb2.OWN_WAY_CUDA_GRAPH,
        title=Phrase("CUDA graph"),
        pytorch=Phrase("its operations captured in a graph"),
        tensorflow=Phrase("as before"),
        paragraph=Phrase(
            "PyTorch launches each kernel from Python, one after the other, and for a small model "
            "a launch takes longer than the kernel: the GPU waits. Captured in a CUDA graph, the "
            "same kernels are launched by one call, and the numbers stay the same to the last bit. "
            "A comparison without it measures Python; but few training scripts have it."
        ),
        source="https://docs.pytorch.org/docs/stable/notes/cuda.html#cuda-graphs",
        on_gpu=True,
    ),
)
# A row's place is in the numbers of its trials, so a new one comes last.
PITFALLS = (*_EARLIER, *ARITHMETIC, *MACHINERY)
NAMES = tuple(pitfall.name for pitfall in PITFALLS)


def of(device: job_pb2.Device) -> tuple[Pitfall, ...]:
    """Return those that there are on a device."""
    on_gpu = device == job_pb2.DEVICE_CUDA
    return tuple(pitfall for pitfall in PITFALLS if on_gpu or not pitfall.on_gpu)
