"""Image files that a framework reads by its own means: the same samples, in the job's order."""

from dataclasses import replace

import numpy as np
import pytest
import safetensors.numpy
from twinrun.contract.enums import Execution, Loop, Precision, Recipe, TargetKind
from twinrun.contract.layers import Dense, Flatten
from twinrun.contract.losses import SigmoidCrossEntropy, SoftmaxCrossEntropy
from twinrun.contract.optimizers import Adam, Optimizer
from twinrun.contract.spec import Arrays, Augmentation, Dataset, JobSpec, Normalization

from services.data import datasets
from services.pipe import Kind, Task
from services.trial import files
from tests.builders.pictures import png
from tests.frameworks import jobs
from tests.frameworks.ways import name_of

SHAPE, TRAIN, TEST = (6, 5, 3), 40, 11
NORMAL = Normalization(means=(0.4, 0.5, 0.6), stds=(0.2, 0.25, 0.3))


def pictures(count, classes, seed):
    """Return pixels whose colour tells the class, and the labels; the first is the last class."""
    random = np.random.default_rng(seed)
    labels = np.concatenate([[classes - 1], random.integers(0, classes, count - 1)])
    pixels = random.integers(0, 90, (count, *SHAPE))
    pixels[np.arange(count), :, :, labels % 3] += 150
    return pixels.astype(np.uint8), labels.astype(np.int32)


@pytest.fixture
def made(tmp_path):
    """Give a function that returns a job of files, its data, and the same data without files."""

    def make(classes=3, shape=SHAPE, **changes):
        parts = {"train": pictures(TRAIN, classes, 1), "test": pictures(TEST, classes, 2)}
        held = {}
        for name, (pixels, labels) in parts.items():
            contents = [png(each) for each in pixels]
            held[f"{name}_files"] = np.frombuffer(b"".join(contents), np.uint8)
            held[f"{name}_file_sizes"] = np.array(list(map(len, contents)), np.int32)
            held[f"{name}_targets"] = labels if classes > 2 else labels[:, None].astype(float)
            held[f"{name}_features"] = np.resize(pixels, (len(pixels), *shape))
        content = safetensors.numpy.save(held)
        (tmp_path / "blobs").mkdir(exist_ok=True)
        (tmp_path / "blobs" / ("a" * 64)).write_bytes(content)
        kind, outputs = (TargetKind.CLASS, classes) if classes > 2 else (TargetKind.FLAGS, 1)
        arrays = Arrays(
            *("a" * 64, len(content), TRAIN, TEST, shape, kind, outputs),
            pixels=True,
            files=True,
        )
        given = {"precision": Precision.FLOAT32, "batch_size": 16, "epochs": 1, **changes}
        normal = NORMAL if shape[-1] == 3 else Normalization()
        limits = given.pop("limits", {})
        job = JobSpec(
            dataset=Dataset("file", normalization=normal, arrays=arrays, **limits),
            layers=(Flatten(), Dense(outputs)),
            optimizer=Optimizer(Adam(), 0.02),
            threads=jobs.THREADS,
            recipe=Recipe.IDIOMATIC,
            loss=SigmoidCrossEntropy() if classes == 2 else SoftmaxCrossEntropy(),
            **given,
        )
        task = Task(job, tmp_path, tmp_path / f"job{len(list(tmp_path.iterdir()))}", Kind.TRAIN)
        plain = datasets.load(job, tmp_path, lambda _: None)
        return job, files.laid(task, plain).data, plain.data

    return make


@pytest.mark.parametrize("classes", [2, 3, 12])
def test_samples_are_the_jobs_in_its_order_with_their_labels(framework, made, classes):
    job, data, plain = made(classes)
    images, labels = framework.Trainer(job, data, None).augmented()
    np.testing.assert_allclose(images, plain.train_images, atol=1e-5)
    np.testing.assert_array_equal(labels, plain.train_labels)


def test_a_few_samples_keep_their_classes_where_others_have_none(framework, made):
    job, data, plain = made(12, limits={"train_limit": 3, "test_limit": 2})
    images, labels = framework.Trainer(job, data, None).augmented()
    np.testing.assert_allclose(images, plain.train_images, atol=1e-5)
    np.testing.assert_array_equal(labels, plain.train_labels)
    assert labels[0] == 11


@pytest.mark.parametrize("precision", [Precision.FLOAT32, Precision.FLOAT64])
def test_it_evaluates_and_predicts_in_the_jobs_order_validation_first(framework, made, precision):
    job, data, plain = made(precision=precision, limits={"validation_fraction": 0.2})
    trainer = framework.Trainer(job, data, None)
    weights = trainer.weights()
    found = trainer.evaluate()
    np.testing.assert_allclose(
        found, framework.Trainer(job, plain, weights).evaluate(), rtol=1e-4, atol=1e-4
    )
    assert len(found) == TRAIN // 5 + TEST
    for count in (1, 7):
        np.testing.assert_allclose(trainer.predictor(count)(), found[:count], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("execution", [Execution.DEFAULT, Execution.EAGER])
@pytest.mark.parametrize("loop", list(Loop))
@pytest.mark.parametrize("classes", [2, 3])
def test_it_learns_from_files(framework, made, loop, execution, classes):
    job, data, _ = made(classes, loop=loop, execution=execution)
    trainer = framework.Trainer(job, data, None)
    trainer.warm_up()
    epochs = [
        np.concatenate([steps.losses for steps in trainer.train_epoch(number)])
        for number in range(12)
    ]
    assert [len(losses) for losses in epochs] == [3] * 12  # 16, 16 and 8 samples
    assert epochs[-1].mean() < 0.3 * epochs[0].mean()
    right = trainer.evaluate() > 0 if classes == 2 else trainer.evaluate().argmax(axis=1)
    assert (right == data.test_labels).mean() > 0.9


def test_it_learns_from_files_that_are_augmented(framework, made):
    job, data, plain = made(augmentation=Augmentation(0.5))
    trainer = framework.Trainer(job, data, None)
    trainer.warm_up()
    losses = [next(iter(trainer.train_epoch(number))).losses.mean() for number in range(12)]
    assert losses[-1] < 0.5 * losses[0]
    images, _ = trainer.augmented()
    for image, original in zip(images, plain.train_images, strict=True):
        assert min(np.abs(image - each).max() for each in (original, original[:, ::-1])) < 1e-5


def test_grey_images_have_one_channel(framework, made):
    job, data, _ = made(shape=(*SHAPE[:2], 1))
    images, _ = framework.Trainer(job, data, None).augmented()
    pixels, _ = pictures(TRAIN, 3, 1)
    assert images.shape == (TRAIN, *SHAPE[:2], 1)
    # Each by its own shares of red, green and blue: within those that are in use.
    levels = (images[..., 0] * 0.5 + 0.5) * 255
    shares = np.array([[0.299, 0.587, 0.114], [0.2126, 0.7152, 0.0722]])
    ways = (pixels @ shares.T).transpose(3, 0, 1, 2)
    assert np.abs(levels - ways).max(axis=(1, 2, 3)).min() < 1.5


def test_each_resizes_as_it_does_by_default(framework, made):
    job, data, _ = made(shape=(3, 3, 3))
    images, _ = framework.Trainer(job, data, None).augmented()
    pixels, _ = pictures(TRAIN, 3, 1)
    levels = (images * np.array(NORMAL.stds) + np.array(NORMAL.means)) * 255
    # The middle row of three lies on rows 2 and 3 of six, of which antialiasing takes more.
    middle = pixels[:, 2:4].mean(axis=1)[:, 2]  # and the middle column is the third of five
    apart = np.abs(levels[:, 1, 1] - middle).max()
    if name_of(framework) == "tensorflow":
        assert apart < 0.01
    else:
        assert apart > 5


def test_matched_jobs_read_no_files(made, tmp_path):
    job, data, plain = made()
    assert data.files is not None
    task = Task(replace(job, recipe=Recipe.MATCHED), tmp_path, tmp_path / "other", Kind.TRAIN)
    loaded = datasets.load(job, tmp_path, lambda _: None)
    assert files.laid(task, loaded) is loaded
    assert plain.files is None
