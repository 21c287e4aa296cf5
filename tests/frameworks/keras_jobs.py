"""The jobs of Keras's tests."""

from dataclasses import replace

from twinrun.contract.enums import DecayForm, Precision, Recipe
from twinrun.contract.optimizers import Optimizer, Sgd
from twinrun.contract.regularization import WeightDecay

from tests.frameworks import jobs

THREADS = 2
USUAL = jobs.spec(
    recipe=Recipe.IDIOMATIC,
    optimizer=Optimizer(Sgd(), 0.05),
    threads=THREADS,
    epochs=2,
    report_every_steps=1,
    layers=jobs.layers(*jobs.STACKED[:1]),
)
MATCHED = replace(USUAL, matched_initial_values=True, matched_batch_order=True)
DECAYS = {
    form.value: replace(
        MATCHED, optimizer=Optimizer(Sgd(), 0.05, weight_decay=WeightDecay(0.01, form)), epochs=1
    )
    for form in (DecayForm.COUPLED, DecayForm.DECOUPLED)  # for which Keras has no argument
}
CONVOLUTIONS = replace(MATCHED, precision=Precision.FLOAT32, layers=jobs.SHALLOW, epochs=1)
