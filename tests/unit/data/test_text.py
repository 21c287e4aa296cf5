"""Texts as tokens, and arrays of codes."""

import numpy as np
import pytest
import safetensors.numpy
from twinrun.contract.data_dir import BLOBS

from orchestrator.data import arrays, text
from orchestrator.errors import BadInput
from orchestrator.settings import config


@pytest.fixture(autouse=True)
def data_dir(tmp_path, monkeypatch):
    monkeypatch.setenv("TWINRUN_DATA_DIR", str(tmp_path / "data"))


def file(tmp_path, content):
    path = tmp_path / "book.txt"
    path.write_bytes(content)
    return path


def test_each_bytes_target_is_the_next_one(tmp_path):
    found = text.samples(file(tmp_path, b"abac\nabba c"), 3)
    assert found.tokens == ("\\x0a", "\\x20", "a", "b", "c")
    assert found.codes == 5
    whole = [2, 3, 2, 4, 0, 2, 3, 3, 2, 1, 4]
    assert found.features.tolist() == [whole[0:3], whole[3:6], whole[6:9]]
    assert found.targets.tolist() == [whole[1:4], whole[4:7], whole[7:10]]
    assert found.features.dtype == found.targets.dtype == np.int32


@pytest.mark.parametrize("length", [0, 1, 6])
def test_a_text_is_long_enough_for_two_samples(tmp_path, length):
    with pytest.raises(BadInput, match=f"has {length} bytes; at least 7 are needed"):
        text.samples(file(tmp_path, bytes(range(length))), 3)
    assert len(text.samples(file(tmp_path, bytes(range(7))), 3).features) == 2


def test_one_byte_again_and_again_is_no_text(tmp_path):
    with pytest.raises(BadInput, match="nothing can be learnt"):
        text.samples(file(tmp_path, b"aaaaaaaaaa"), 3)


def test_the_made_up_language_needs_a_look_back():
    """What follows two letters is known much better than what follows one."""
    found = text.language()
    now, following = found.features, found.targets
    pairs, letters = {}, {}
    for rows, after in zip(now.tolist(), following.tolist(), strict=True):
        for place in range(1, len(rows)):
            pairs.setdefault((rows[place - 1], rows[place]), []).append(after[place])
            letters.setdefault(rows[place], []).append(after[place])

    def share(seen):
        hits = sum(np.bincount(each).max() for each in seen.values())
        return hits / sum(map(len, seen.values()))

    assert share(pairs) > 0.55
    assert share(letters) < 0.3


def test_the_end_of_a_text_is_for_the_test(tmp_path):
    path = file(tmp_path, bytes(range(101)))
    layers = [{"embedding": {"codes": 101, "width": 2}}, {"dense": {"units": 101}}]
    workload = tmp_path / "mine.yaml"
    workload.write_text(
        f"dataset: {{file: {{path: {path}, context: 5, test: 0.25}}}}\n"
        f"layers: {layers}\nloss: next_token_cross_entropy\noptimizer: {{adam: {{}}}}\n"
    )
    spec = config.job_spec(str(workload), {})
    held = spec.dataset.arrays
    assert (held.codes, held.outputs, list(held.shape)) == (101, 101, [5])
    assert not spec.dataset.HasField("normalization")
    blob = tmp_path / "data" / BLOBS / held.sha256
    found = safetensors.numpy.load(blob.read_bytes())
    assert found["test_features"].tolist() == np.arange(75, 100).reshape(5, 5).tolist()
    assert sorted(found["train_features"][:, 0].tolist()) == list(range(0, 75, 5))
    for split in ("train", "test"):
        np.testing.assert_array_equal(found[f"{split}_features"] + 1, found[f"{split}_targets"])


@pytest.mark.parametrize(
    ("loss", "message"),
    [
        ("softmax_cross_entropy", "is a text; the loss must be next_token_cross_entropy"),
        ("next_token_cross_entropy", "is no text, which the loss next_token_cross_entropy takes"),
    ],
)
def test_a_text_and_its_loss_belong_together(tmp_path, loss, message):
    path = file(tmp_path, bytes(range(201)))
    if loss.startswith("next"):
        path = tmp_path / "d.csv"
        path.write_text("a,y\n" + "\n".join(f"{i},{i % 3}" for i in range(30)))
    target = ", target: y" * loss.startswith("next")
    workload = tmp_path / "mine.yaml"
    workload.write_text(
        f"dataset: {{file: {{path: {path}{target}}}}}\nlayers: [dense: {{units: 3}}]\n"
        f"loss: {loss}\noptimizer: {{adam: {{}}}}\n"
    )
    with pytest.raises(BadInput, match=message):
        config.job_spec(str(workload), {})


CODES = np.arange(24).reshape(8, 3) % 7


def saved(tmp_path, **held):
    np.savez(tmp_path / "d.npz", **held)
    return tmp_path / "d.npz"


def test_whole_numbers_are_codes_if_the_workload_says_so(tmp_path):
    path = saved(tmp_path, x=CODES, y=np.arange(8) % 2)
    assert arrays.samples(path, "y").features.dtype == np.float64
    found = arrays.samples(path, "y", codes=True)
    assert (found.features.dtype, found.codes, found.tokens) == (np.int32, 7, ())
    assert found.classes == ("0", "1")


def test_codes_and_the_codes_that_follow_are_tokens(tmp_path):
    found = arrays.samples(saved(tmp_path, x=CODES, y=CODES // 2), "y", codes=True)
    assert (found.codes, found.tokens) == (7, ("0", "1", "2", "3"))
    np.testing.assert_array_equal(found.targets, CODES // 2)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (CODES - 1, "x has codes from -1 to 5; they must be from 0"),
        (CODES * 10**7, "x has codes from 0 to 60000000; they must be from 0 to 9,999,999"),
        (CODES * 1.0, r"x holds float64\[8, 3\]; codes are whole numbers"),
        (CODES[:, 0], r"x holds int64\[8\]; codes are whole numbers"),
    ],
)
def test_what_is_no_code_is_named(tmp_path, values, message):
    with pytest.raises(BadInput, match=message):
        arrays.samples(saved(tmp_path, x=values, y=np.arange(8) % 2), "y", codes=True)
