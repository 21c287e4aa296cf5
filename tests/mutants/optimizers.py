"""The optimizers of the matrix's jobs."""

from tests.mutants.models import Mapping

SGD = {"learning_rate": 0.05, "sgd": {}}
MOMENTUM = {"learning_rate": 0.03, "sgd": {"momentum": 0.8}}
ADAM = {"learning_rate": 0.01, "adam": {"beta_1": 0.8, "beta_2": 0.99, "epsilon": 1e-3}}
ADAMW = {
    "learning_rate": 0.02,
    "adamw": {"beta_1": 0.85, "beta_2": 0.98, "weight_decay": 0.3, "epsilon": 1e-4},
}
NESTEROV = {"learning_rate": 0.03, "sgd": {"momentum": 0.8, "nesterov": True}}
AMSGRAD = {"learning_rate": 0.01, "adam": {"beta_1": 0.8, "beta_2": 0.7, "amsgrad": True}}
RMSPROP: Mapping = {"learning_rate": 0.01, "rmsprop": {"rho": 0.8, "epsilon": 0.01}}
INSIDE = {**RMSPROP["rmsprop"], "momentum": 0.7, "epsilon_place": "EPSILON_PLACE_INSIDE"}
CENTERED = {**INSIDE, "centered": True}
ADAGRAD = {"learning_rate": 0.05, "adagrad": {"initial_accumulator": 0.1, "epsilon": 0.01}}
ADAMAX = {"learning_rate": 0.02, "adamax": {"beta_1": 0.8, "beta_2": 0.7, "epsilon": 0.01}}
OTHERS: dict[str, Mapping] = {
    "nesterov": NESTEROV,
    "amsgrad": AMSGRAD,
    "rmsprop": RMSPROP,
    "rmsprop, inside": {"learning_rate": 0.01, "rmsprop": INSIDE},
    "rmsprop, centered": {"learning_rate": 0.01, "rmsprop": CENTERED},
    "adagrad": ADAGRAD,
    "adamax": ADAMAX,
}
WARMED: Mapping = {"cosine": {"steps": 12, "end_factor": 0.1}, "warmup_steps": 4}
CYCLE: Mapping = {"one_cycle": {"steps": 20, "rising": 0.4}}
SCHEDULED: dict[str, Mapping] = {
    "adamw, scheduled": {**ADAMW, "schedule": WARMED},
    "momentum, scheduled": {**MOMENTUM, "schedule": CYCLE},
}
COUPLED: Mapping = {"factor": 0.2, "form": "DECAY_FORM_COUPLED"}
APART: Mapping = {"factor": 0.02, "form": "DECAY_FORM_DECOUPLED"}
TIMES_RATE: Mapping = {"factor": 0.4, "form": "DECAY_FORM_DECOUPLED_TIMES_RATE"}
KERNELS = {"decayed": "DECAYED_KERNELS"}
REGULARIZED: dict[str, Mapping] = {
    "adam, coupled, by value": {
        **ADAM,
        **KERNELS,
        "weight_decay": COUPLED,
        "clip": {"value": {"limit": 0.05}},
    },
    "momentum, apart, by norm": {
        **MOMENTUM,
        **KERNELS,
        "weight_decay": APART,
        "clip": {"norm": {"limit": 0.2}},
    },
    "nesterov, times the rate, by global norm": {
        **NESTEROV,
        "schedule": WARMED,
        "weight_decay": TIMES_RATE,
        "clip": {"global_norm": {"limit": 0.3}},
    },
    "adamw, kernels": {**ADAMW, **KERNELS},
}
CLIPPED = {**SGD, "clip": {"global_norm": {"limit": 2.0}}}
OTHERS |= SCHEDULED | REGULARIZED
