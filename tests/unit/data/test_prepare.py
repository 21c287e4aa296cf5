"""A spec that names a file becomes one that names arrays: the same for the same seed."""

import io

import numpy as np
import pytest
from PIL import Image
from twinrun.v1 import job_pb2

from orchestrator.data import built_in, prepare
from orchestrator.data.place import blob_directory
from orchestrator.errors import BadInput
from orchestrator.settings import config
from services.data.tensors import mapped


@pytest.fixture(autouse=True)
def data_dir(tmp_path, monkeypatch):
    monkeypatch.setenv("TWINRUN_DATA_DIR", str(tmp_path / "data"))
    return tmp_path / "data"


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "churn.csv"
    random = np.random.default_rng(1)
    rows = [
        f"{a:.3f},{i % 7},{'no' if a + i % 3 > 1 else 'yes'}"
        for i, a in enumerate(random.normal(size=100))
    ]
    path.write_text("\n".join(["a,b,churned", *rows]) + "\n")
    return path


def spec_of(data, target=None, **changes):
    given = {"dataset.file.path": str(data), "dataset.file.target": target}
    return config.job_spec(None, given | changes)


def arrays_of(spec):
    return mapped(blob_directory() / spec.dataset.arrays.sha256)


def test_the_arrays_are_where_local_runners_look_and_hold_every_sample_once(table, data_dir):
    spec = spec_of(table, ["churned"])
    held = spec.dataset.arrays
    assert blob_directory() == data_dir / "blobs"
    assert (held.train_samples, held.test_samples, held.outputs) == (80, 20, 1)
    assert held.targets == job_pb2.TARGET_KIND_FLAGS
    assert (list(held.names), list(held.classes)) == (["a", "b"], ["no", "yes"])
    found = arrays_of(spec)
    rows = np.concatenate([found["train_features"], found["test_features"]])
    assert sorted(rows[:, 0]) == sorted(np.loadtxt(table, delimiter=",", skiprows=1, usecols=0))
    assert held.size_bytes == (blob_directory() / held.sha256).stat().st_size


def test_means_and_stds_are_of_the_samples_that_are_trained_on_alone(table):
    spec = spec_of(table, ["churned"], **{"dataset.train_limit": 40})
    trained = arrays_of(spec)["train_features"][:40]
    normalization = spec.dataset.normalization
    np.testing.assert_allclose(normalization.means, trained.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(normalization.stds, trained.std(axis=0), rtol=1e-12)


def test_a_normalisation_of_the_spec_is_kept(table):
    given = {"dataset.normalization": {"mean": 1, "std": 2}}
    normalization = spec_of(table, ["churned"], **given).dataset.normalization
    assert (normalization.mean, normalization.std, list(normalization.means)) == (1, 2, [])


def test_a_constant_column_has_the_std_1_and_pixels_count_from_0_to_1():
    means, stds = prepare.statistics(np.array([[0.1, 1.0], [0.1, 3.0]]))
    assert (means, stds) == ([0.1, 2.0], [1.0, 1.0])
    pixels = np.random.default_rng(0).integers(0, 256, (5, 4, 3, 2)).astype(np.uint8)
    means, stds = prepare.statistics(pixels)
    columns = pixels.reshape(-1, 2) / 255
    np.testing.assert_allclose(means, columns.mean(axis=0))
    np.testing.assert_allclose(stds, columns.std(axis=0))


def test_the_seed_alone_decides_the_split(table):
    same = [spec_of(table, ["churned"]).dataset.arrays.sha256 for _ in range(2)]
    other = spec_of(table, ["churned"], seed=1).dataset.arrays.sha256
    assert same[0] == same[1] != other
    assert len(list(blob_directory().iterdir())) == 2


def test_classes_have_the_same_share_in_both_splits(table):
    found = arrays_of(spec_of(table, ["churned"]))
    shares = [found[f"{split}_targets"].mean() for split in ("train", "test")]
    assert abs(shares[0] - shares[1]) < 0.05


@pytest.mark.parametrize("name", built_in.NAMES)
def test_each_built_in_data_set_is_a_workload(name):
    spec = config.job_spec(
        {"synthetic-language": "next-token", "synthetic-shapes": "unet-tiny"}.get(name, name), {}
    )
    assert spec.dataset.name == name
    assert spec.dataset.arrays.train_samples > 3 * spec.dataset.arrays.test_samples
    assert config.BUILT_IN == built_in.NAMES


def test_a_second_file_has_the_test_samples(table, tmp_path):
    other = tmp_path / "later.csv"
    other.write_text("churned,b,a\nyes,1,2\nno,3,4.5\n")  # in another order
    spec = spec_of(table, ["churned"], **{"dataset.file.test_path": str(other)})
    found = arrays_of(spec)
    assert found["test_features"].tolist() == [[2, 1], [4.5, 3]]
    assert found["test_targets"].tolist() == [[1], [0]]
    assert spec.dataset.arrays.train_samples == 100


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("a,churned\n1,yes\n2,no\n", "has no column b, which"),
        ("a,b,churned\n1,1,yes\n2,3,perhaps\n", "has the class 'perhaps', which"),
        ("a,b,churned\n1,1,yes\n2,3,yes\n", "the samples for the test have none of class 'no'"),
        ("a,b,churned\nx,1,yes\ny,3,no\n", "different kinds of values"),
        ("a,b,churned\n", "has no rows"),
    ],
)
def test_a_second_file_that_does_not_fit_is_one_sentence(table, tmp_path, text, why):
    other = tmp_path / "later.csv"
    other.write_text(text)
    with pytest.raises(BadInput, match=why):
        spec_of(table, ["churned"], **{"dataset.file.test_path": str(other)})


def test_a_second_file_of_another_shape_is_refused(tmp_path):
    for name, columns in (("one", 3), ("two", 4)):
        targets = np.arange(10) % 3
        np.savez(tmp_path / f"{name}.npz", x=np.random.rand(10, columns), y=targets)
    other = {"dataset.file.test_path": str(tmp_path / "two.npz")}
    with pytest.raises(BadInput, match=r"samples of \[3\] and .*two.npz of \[4\]"):
        spec_of(tmp_path / "one.npz", ["y"], **other)


@pytest.mark.parametrize(
    ("targets", "loss", "why"),
    [
        ([0, 1, 3, 0, 1, 3], "softmax_cross_entropy", "none of class '2'"),
        ([0.5, 1, 3, 0, 1, 3], "softmax_cross_entropy", "numbers that are no classes"),
        ([0, 1, 2, 0, 1, 2], "sigmoid_cross_entropy", "has 3 different values"),
        (["a", "b"] * 3, "mean_squared_error", "holds classes, such as 'a'"),
        ([2.5] * 6, "mean_squared_error", "all values are 2.5"),
        ([-1, 0, 1, 2, 0, 1], "softmax_cross_entropy", "has the class -1"),
    ],
)
def test_targets_that_are_not_those_of_the_loss_are_one_sentence(tmp_path, targets, loss, why):
    np.savez(tmp_path / "d.npz", x=np.random.rand(6, 2), y=np.array(targets))
    with pytest.raises(BadInput, match=why):
        config.job_spec(
            "iris",
            {
                "dataset.file.path": str(tmp_path / "d.npz"),
                "dataset.file.target": "y",
                "loss": loss,
            },
        )


def test_whole_numbers_are_classes_or_numbers_as_the_loss_says(tmp_path):
    np.savez(tmp_path / "d.npz", x=np.random.rand(20, 2), y=np.arange(20) % 3)
    given = {"dataset.file.path": str(tmp_path / "d.npz"), "dataset.file.target": "y"}
    kinds = {
        loss: config.job_spec("iris", given | {"loss": loss}).dataset.arrays.targets
        for loss in ("softmax_cross_entropy", "huber")
    }
    assert list(kinds.values()) == [job_pb2.TARGET_KIND_CLASS, job_pb2.TARGET_KIND_NUMBERS]


@pytest.mark.parametrize("path", ["/dev/null", "nowhere.csv", "loop.csv", "notes.txt"])
def test_what_is_no_readable_file_is_one_sentence(tmp_path, path):
    (tmp_path / "loop.csv").symlink_to(tmp_path / "loop.csv")
    (tmp_path / "notes.txt").write_text("words")
    with pytest.raises(BadInput) as caught:
        spec_of(tmp_path / path, ["y"])
    assert path in str(caught.value)
    assert "\n" not in str(caught.value)


def test_numbers_that_are_met_but_once_are_no_classes(tmp_path):
    path = tmp_path / "houses.csv"
    path.write_text("area,price\n" + "".join(f"{i},{1000 * i}\n" for i in range(60)))
    given = {"dataset.file.path": str(path), "dataset.file.target": ["price"]}
    with pytest.raises(BadInput, match="holds numbers that are no classes"):
        config.job_spec("iris", given)


def test_a_blob_of_images_has_their_files_in_the_order_of_its_samples(tmp_path):
    random = np.random.default_rng(0)
    for index in range(12):
        path = tmp_path / "pets" / ("cat", "dog", "fox")[index % 3] / f"{index}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(random.integers(0, 256, (6, 5, 3), np.uint8)).save(path)
    spec = spec_of(tmp_path / "pets", **{"dataset.file.size": [6, 5]})
    held, found = spec.dataset.arrays, arrays_of(spec)
    assert held.files
    for split, count in (("train", held.train_samples), ("test", held.test_samples)):
        ends = np.cumsum(found[f"{split}_file_sizes"])
        contents = np.split(found[f"{split}_files"], ends[:-1])
        assert len(contents) == count
        for content, pixels in zip(contents, found[f"{split}_features"], strict=True):
            with Image.open(io.BytesIO(content.tobytes())) as image:
                np.testing.assert_array_equal(np.asarray(image), pixels)


def test_other_data_have_no_files(table):
    assert not spec_of(table, ["churned"]).dataset.arrays.files
