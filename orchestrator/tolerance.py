"""How far two frameworks may part in float64 and still have done the same arithmetic.

Rounding makes a sum depend on the order of its terms, and every library for products chooses its
own order. What is allowed lies between what rounding was seen to do, and the smallest slip that
matters: data normalised in float32, which is off by 6e-8.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Tolerance:
    """Largest relative difference that is allowed in each quantity, and why it is so."""

    losses: float
    gradient_norms: float
    weights: float
    logits: float
    reason: str


_MNIST = Tolerance(
    losses=1e-12,
    gradient_norms=1e-11,
    weights=1e-11,
    logits=1e-11,
    reason="Seen over 5 epochs (4,690 steps) of Adam: 1.1e-13 in the losses, 5.9e-14 in the "
    "gradients' norms, 4.1e-13 in the weights, 7e-15 in the logits. Over one epoch: 4e-15 in the "
    "losses. What is summed with fewer terms than a loss is allowed ten times as much.",
)
_CNN = Tolerance(
    losses=1e-12,
    gradient_norms=1e-11,
    weights=1e-11,
    logits=1e-11,
    reason="Seen over one epoch of mnist-cnn: 2.1e-14 in the losses, 1.1e-14 in the gradients' "
    "norms, 3.8e-13 in the weights, 3e-15 in the logits.",
)
_AUGMENTED = Tolerance(
    losses=1e-12,
    gradient_norms=1e-11,
    weights=1e-11,
    logits=1e-11,
    reason="Seen over 5 epochs, with and without flips: 1.7e-14 in the losses, 1.6e-14 in the "
    "gradients' norms, 3.7e-13 in the weights, 6.9e-15 in the logits.",
)
_FASHION_CNN = Tolerance(
    losses=1e-12,
    gradient_norms=1e-11,
    weights=1e-9,
    logits=1e-11,
    reason="Seen over one epoch: 3.4e-14 in the losses, 7.5e-14 in the gradients' norms, 2.7e-14 "
    "in the logits; 1.7e-11 in the weights, of the kernel behind a dropout: inputs that are seldom "
    "there have gradients near Adam's epsilon, which it makes large.",
)
_BY_WORKLOAD = {
    "mnist-mlp": _MNIST,
    "fashion-mlp": Tolerance(
        losses=1e-12,
        gradient_norms=1e-11,
        weights=1e-11,
        logits=1e-11,
        reason="The model and the steps of mnist-mlp.",
    ),
    "mnist-custom-layer": Tolerance(
        losses=1e-12,
        gradient_norms=1e-11,
        weights=1e-11,
        logits=1e-11,
        reason="Seen over one epoch: 8e-15 in the losses, 2.6e-14 in the gradients' norms, 5.5e-13 "
        "in the weights, 7e-15 in the logits.",
    ),
    "mnist-augmented": _AUGMENTED,
    "mnist-augmented-noflip": _AUGMENTED,
    "mnist-cnn": _CNN,
    "fashion-cnn": _FASHION_CNN,
    "synthetic-mlp": Tolerance(
        losses=1e-12,
        gradient_norms=1e-11,
        weights=1e-11,
        logits=1e-11,
        reason="Seen over 5 epochs (315 steps): 7e-16 in the losses, 8e-15 in the weights. Small "
        "enough to be held to less, but one rule is easier to trust.",
    ),
}
_OTHER = Tolerance(
    losses=1e-12,
    gradient_norms=1e-11,
    weights=1e-11,
    logits=1e-11,
    reason="That of mnist-mlp: nothing was measured of this workload. A job that enlarges rounding "
    "is held against its own rounding.",
)


def tolerance(workload: str) -> Tolerance:
    """The workload's own, or what holds of one that nothing is known of."""
    return _BY_WORKLOAD.get(workload, _OTHER)
