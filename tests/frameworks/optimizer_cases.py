"""Optimizers, schedules, clippings and decays that tests of both recipes take."""

from twinrun.contract.enums import (
    Decayed,
    DecayForm,
    EpsilonPlace,
)
from twinrun.contract.optimizers import Adagrad, Adam, Adamax, AdamW, Optimizer, RmsProp, Sgd
from twinrun.contract.regularization import (
    Clip,
    ClipByGlobalNorm,
    ClipByNorm,
    ClipByValue,
    WeightDecay,
)
from twinrun.contract.schedules import (
    ConstantRate,
    Cosine,
    CosineRestarts,
    OneCycle,
    Schedule,
    Step,
)

INSIDE = EpsilonPlace.INSIDE
KINDS = {
    "sgd": Sgd(),
    "momentum": Sgd(0.9),
    "nesterov": Sgd(0.9, nesterov=True),
    "adam": Adam(),
    "amsgrad": Adam(0.8, 0.9, amsgrad=True),
    "adamw": AdamW(weight_decay=0.1),
    "adamw, amsgrad": AdamW(0.8, 0.9, weight_decay=0.1, amsgrad=True),
    "rmsprop": RmsProp(),
    "rmsprop, momentum": RmsProp(0.8, 0.7, 1e-3),
    "rmsprop, inside": RmsProp(0.8, 0.0, 1e-3, epsilon_place=INSIDE),
    "rmsprop, centered": RmsProp(0.8, 0.0, 1e-3, centered=True),
    "rmsprop, all": RmsProp(0.8, 0.6, 1e-2, centered=True, epsilon_place=INSIDE),
    "adagrad": Adagrad(),
    "adagrad, from a value on": Adagrad(0.1, 1e-3),
    "adamax": Adamax(),
    "adamax, small betas": Adamax(0.5, 0.6, 1e-2),
}
SCHEDULES = {
    "warm-up": Schedule(ConstantRate(), 20),
    "cosine": Schedule(Cosine(15, 0.1), 5),
    "step": Schedule(Step((5, 20))),
    "one cycle": Schedule(OneCycle(25, 0.4)),
    "restarts": Schedule(CosineRestarts(4, 2, 0.5)),
    "shown": Schedule(Cosine(1000), 100, (0, 50, 99, 100, 600, 1099, 1100)),
}
CLIPS = {
    "value": Clip(ClipByValue(0.5)),
    "norm": Clip(ClipByNorm(1.5)),
    "global norm": Clip(ClipByGlobalNorm(2.0)),
    "a norm that none reaches": Clip(ClipByGlobalNorm(1e6)),
}
FORMS = {form.name: WeightDecay(0.03, form) for form in DecayForm}
WHOLE = Optimizer(
    Adam(amsgrad=True),
    0.02,
    SCHEDULES["cosine"],
    Clip(ClipByGlobalNorm(0.4)),
    WeightDecay(0.1, DecayForm.COUPLED),
    Decayed.KERNELS,
)
