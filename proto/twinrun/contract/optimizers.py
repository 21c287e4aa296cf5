"""The optimizers, with their defaults, as in job.proto, which has their formulas."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sgd:
    momentum: float = 0.0


@dataclass(frozen=True, slots=True)
class Adam:
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8


@dataclass(frozen=True, slots=True)
class AdamW:
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8
    weight_decay: float = 0.01


@dataclass(frozen=True, slots=True)
class Optimizer:
    kind: Sgd | Adam | AdamW
    learning_rate: float = 0.001
