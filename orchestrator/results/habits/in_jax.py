"""What JAX's users have where a pitfall is: by its name, Flax's, Optax's and Grain's own.

A pitfall that is not here is none of JAX's, and its runner refuses it.
"""

from orchestrator.language.phrases import Phrase

WAYS = {
    "initial-values": Phrase("LeCun's normal, biases zero"),
    "batch-order": Phrase("Grain's sampler, its own generator"),
    "adam-epsilon": Phrase("after the bias correction; 1e-8, or the job's"),
    "rmsprop-epsilon": Phrase("inside the root; 1e-8, or the job's"),
    "weight-decay": Phrase("taken from the weight, times the rate"),
    "norm-epsilon": Phrase("1e-6; of a batch norm 1e-5"),
    "softmax-in-model": Phrase("its loss applies softmax again"),
    "last-batch": Phrase("kept"),
    "jit-compile": Phrase("compiled by XLA"),
    "denormals": Phrase("made zero"),
    "norm-momentum": Phrase("0.99 of what was is kept"),
    "epsilon-place": Phrase("after the bias correction; inside RMSprop's root"),
    "same-padding": Phrase("one more after"),
    "initialisers": Phrase("LeCun's normal, biases zero; tables N(0, 1/width)"),
    "loss-read": Phrase("a call, and its loss, for each step"),
    "threads": Phrase("one a CPU"),
    "memory-layout": Phrase("channels last"),
    "tf32": Phrase("in all products"),
}
