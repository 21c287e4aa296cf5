"""What a trial makes of its trainer's numbers, with a trainer whose numbers are known."""

import hashlib
from dataclasses import replace

import numpy as np
import pytest
import safetensors.numpy
from twinrun.contract.enums import OwnWay, Precision, Recipe
from twinrun.contract.events import (
    EpochFinished,
    EvaluationFinished,
    Inputs,
    LogitsSaved,
    StepsFinished,
    WeightsSaved,
)
from twinrun.contract.losses import SoftmaxCrossEntropy
from twinrun.contract.spec import Augmentation, Synthetic

from services.data.datasets import load
from services.model import arithmetic, augmentation, metrics, order, weights
from services.pipe import LOGITS_FILE, Task
from services.trial import run as trial
from tests.builders.told import (
    CLASSES,
    EPOCHS,
    HELD,
    LAYERS,
    SAMPLES,
    SHAPE,
    TESTED,
    Trainer,
    accuracies,
    job,
    logits,
    losses,
    run,
)

LOSS = SoftmaxCrossEntropy()


def sizes(limit: int | None = None) -> list[int]:
    whole = [8] * 6 + [5]
    return whole if limit is None else [*whole[: limit - 1], 5]


@pytest.mark.parametrize("limit", [None, 4])
@pytest.mark.parametrize("detailed", [True, False])
def test_an_epochs_loss_and_accuracy_weigh_each_step_by_its_samples(tmp_path, limit, detailed):
    spec = job(steps_per_epoch_limit=limit, report_step_details=detailed)
    of_batch = np.array(sizes(limit))
    for epoch, found in enumerate(run(tmp_path, spec).of(EpochFinished)):
        steps = len(of_batch)
        assert found.epoch == epoch
        assert found.train_loss == pytest.approx(
            (losses(epoch, steps) * of_batch).sum() / of_batch.sum(), rel=1e-14
        )
        assert found.running_accuracy == pytest.approx(
            (accuracies(epoch, steps) * of_batch).sum() / of_batch.sum(), rel=1e-14
        )
        assert found.samples_per_second == pytest.approx(of_batch.sum() / found.train_seconds)


@pytest.mark.parametrize("told", [(False,), (True, False), (True, True, False)])
def test_a_running_accuracy_is_not_told_where_one_chunk_does_not_know_its_own(tmp_path, told):
    found = run(tmp_path, job(), told).of(EpochFinished)
    assert [epoch.running_accuracy for epoch in found] == [None] * EPOCHS


def test_every_step_is_told_once_in_its_place(tmp_path):
    made = run(tmp_path, job(report_step_details=True))
    told = made.of(StepsFinished)
    assert [chunk.first_step for chunk in told] == [0, 3, 6, 7, 10, 13, 14, 17, 20]
    assert [chunk.epoch for chunk in told] == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    found = [loss for chunk in told for loss in chunk.losses]
    assert found == [loss for epoch in range(EPOCHS) for loss in losses(epoch, 7).tolist()]
    right = [each for chunk in told for each in chunk.details.accuracies]
    assert right == [each for epoch in range(EPOCHS) for each in accuracies(epoch, 7).tolist()]
    assert made.trainer.calls == ["warm"] + [
        call for epoch in range(EPOCHS) for call in (f"train {epoch}", "evaluate")
    ]
    for epoch in made.of(EpochFinished):
        assert (epoch.data_wait_seconds, epoch.sync_seconds) == (0.75, 1.5)


def test_each_evaluation_is_split_into_the_samples_held_back_and_the_test_samples(tmp_path):
    spec = job()
    made = run(tmp_path, spec)
    labels = load(spec, tmp_path, made.events.append).data.test_labels
    for epoch, found in enumerate(made.of(EpochFinished)):
        whole = logits(epoch + 1)
        assert found.validation == metrics.evaluate(whole[:HELD], labels[:HELD], LOSS)
        assert found.test == metrics.evaluate(whole[HELD:], labels[HELD:], LOSS)
    assert (found.validation.samples, found.test.samples) == (HELD, TESTED)


def test_without_samples_held_back_there_is_no_validation(tmp_path):
    spec = job()
    spec = replace(spec, dataset=replace(spec.dataset, validation_fraction=0.0))
    made = Synthetic(SAMPLES, HELD + TESTED, *SHAPE, classes=CLASSES)
    found = run(tmp_path, replace(spec, dataset=replace(spec.dataset, synthetic=made)))
    assert [epoch.validation for epoch in found.of(EpochFinished)] == [None] * EPOCHS
    assert {epoch.test.samples for epoch in found.of(EpochFinished)} == {HELD + TESTED}


def test_the_logits_kept_are_the_last_ones_of_the_test_samples_alone(tmp_path):
    spec = job()
    made = run(tmp_path, spec)
    (saved,) = made.of(LogitsSaved)
    content = (tmp_path / LOGITS_FILE).read_bytes()
    assert (saved.sha256, saved.size_bytes) == (hashlib.sha256(content).hexdigest(), len(content))
    kept = safetensors.numpy.load(content)
    np.testing.assert_array_equal(kept["logits"], logits(EPOCHS)[HELD:])
    labels = load(spec, tmp_path, made.events.append).data.test_labels
    np.testing.assert_array_equal(kept["labels"], labels[HELD:])


def test_the_logits_of_samples_held_back_are_kept_beside_them(tmp_path):
    spec = job()
    made = run(tmp_path, spec)
    kept = safetensors.numpy.load((tmp_path / LOGITS_FILE).read_bytes())
    labels = load(spec, tmp_path, made.events.append).data.test_labels
    np.testing.assert_array_equal(kept["validation_logits"], logits(EPOCHS)[:HELD])
    np.testing.assert_array_equal(kept["validation_labels"], labels[:HELD])


def test_a_late_epoch_is_that_epoch_with_the_count_of_steps_before_it(tmp_path):
    made = run(tmp_path, job(late_epoch=40, report_step_details=True, steps_per_epoch_limit=4))
    assert made.trainer.calls[-3:] == ["advance 280", "train 40", "evaluate"]  # 7 steps an epoch
    assert [epoch.epoch for epoch in made.of(EpochFinished)] == [0, 1, 2]
    assert made.of(StepsFinished)[-1].losses == (losses(40, 4)[-1],)
    (inputs,) = made.of(Inputs)
    orders = [order.permutation(5, epoch, SAMPLES) for epoch in (0, 1, 40)]
    taken = [np.concatenate([indices[:24], indices[48:]]) for indices in orders]
    assert inputs.batch_order_sha256 == order.digest(taken)


def test_data_are_loaded_once_from_where_they_are(tmp_path):
    asked = []

    def loading(*given):
        asked.append(given)
        return load(*given)

    events = []
    spec = job()
    task = Task(spec, tmp_path / "data", tmp_path)
    trial.run(task, Trainer, events.append, loading)
    assert [(given[0], given[1]) for given in asked] == [(spec, tmp_path / "data")]


def test_the_weights_kept_are_those_before_and_after_training(tmp_path):
    made = run(tmp_path, job())
    initial = weights.initial(LAYERS, SHAPE, 5, Precision.FLOAT64)
    for kind, added in (("initial", 0), ("final", EPOCHS)):
        content = (tmp_path / f"{kind}.safetensors").read_bytes()
        (saved,) = [event for event in made.of(WeightsSaved) if event.kind == kind]
        assert saved.sha256 == hashlib.sha256(content).hexdigest()
        for name, array in safetensors.numpy.load(content).items():
            np.testing.assert_array_equal(array, initial[name] + added)


@pytest.mark.parametrize("limit", [None, 4, 100])
def test_inputs_are_counted_and_known_by_their_digests(tmp_path, limit):
    spec = job(augmentation=Augmentation(0.5), steps_per_epoch_limit=limit)
    made = run(tmp_path, spec)
    (found,) = made.of(Inputs)
    initial = weights.initial(LAYERS, SHAPE, 5, Precision.FLOAT64)
    steps = len(sizes(limit if limit == 4 else None))
    orders = [order.permutation(5, epoch, SAMPLES) for epoch in range(EPOCHS)]
    if limit == 4:
        orders = [np.concatenate([indices[:24], indices[48:]]) for indices in orders]
    content = b"".join(indices.astype("<i4").tobytes() for indices in orders)
    assert found == Inputs(
        data_sha256=load(spec, tmp_path, made.events.append).sha256,
        initial_weights_sha256=hashlib.sha256(weights.to_safetensors(initial)).hexdigest(),
        batch_order_sha256=hashlib.sha256(content).hexdigest(),
        train_samples=SAMPLES,
        test_samples=TESTED,
        validation_samples=HELD,
        parameter_count=6 * CLASSES + CLASSES,
        steps_per_epoch=steps,
        epoch_operations=arithmetic.epoch_operations(spec, SHAPE, len(orders[0])),
        epoch_bytes=arithmetic.epoch_bytes(spec, SHAPE, initial, 6 * 8, steps),
        augmentation_sha256=augmentation.digest(spec, (SAMPLES, *SHAPE)),
    )


OWN = (OwnWay.BATCH_ORDER, OwnWay.INITIAL_WEIGHTS)


@pytest.mark.parametrize("own", [{"own_ways": OWN}, {"recipe": Recipe.IDIOMATIC}], ids=str)
def test_what_is_a_frameworks_own_is_neither_given_to_it_nor_digested(tmp_path, own):
    made = run(tmp_path, job(augmentation=Augmentation(0.5), **own))
    assert made.trainer.initial is None
    (inputs,) = made.of(Inputs)
    assert inputs.batch_order_sha256 == ""
    assert (inputs.augmentation_sha256 == "") is ("recipe" in own)


def test_the_idiomatic_recipe_gets_the_values_of_the_matched_one_where_that_is_asked(tmp_path):
    made = run(tmp_path, job(recipe=Recipe.IDIOMATIC, matched_initial_values=True))
    for name, array in weights.initial(LAYERS, SHAPE, 5, Precision.FLOAT64).items():
        np.testing.assert_array_equal(made.trainer.initial[name], array)


@pytest.mark.parametrize("own", [OwnWay.BATCH_ORDER, OwnWay.INITIAL_WEIGHTS])
def test_what_is_not_a_frameworks_own_is_as_it_always_is(tmp_path, own):
    made = run(tmp_path, job(own_ways=(own,)))
    assert (made.trainer.initial is None) is (own is OwnWay.INITIAL_WEIGHTS)
    (inputs,) = made.of(Inputs)
    assert (inputs.batch_order_sha256 == "") is (own is OwnWay.BATCH_ORDER)


def test_the_trainer_gets_the_values_drawn_and_one_of_them_moved_where_that_is_asked(tmp_path):
    plain = weights.initial(LAYERS, SHAPE, 5, Precision.FLOAT64)
    moved = (weights.perturbed(plain, 5, draw) for draw in (1, 2))
    for draw, wanted in enumerate((plain, *moved)):
        found = run(tmp_path, job(perturb_initial_weights=draw)).trainer.initial
        assert list(found) == list(wanted)
        for name, array in wanted.items():
            np.testing.assert_array_equal(found[name], array)


def test_weights_that_are_given_are_evaluated_and_not_trained(tmp_path):
    given = weights.initial(LAYERS, SHAPE, 99, Precision.FLOAT64)
    spec = job()
    made = run(tmp_path, spec, content=weights.to_safetensors(given))
    assert made.trainer.calls == ["warm", "evaluate"]
    for name, array in given.items():
        np.testing.assert_array_equal(made.trainer.initial[name], array)
    (found,) = made.of(EvaluationFinished)
    labels = load(spec, tmp_path, made.events.append).data.test_labels
    assert found.test == metrics.evaluate(logits(1)[HELD:], labels[HELD:], LOSS)
    assert [each.batch_size for each in found.latencies] == [1, 8]
    kept = safetensors.numpy.load((tmp_path / LOGITS_FILE).read_bytes())
    np.testing.assert_array_equal(kept["logits"], logits(1)[HELD:])
