"""Targets that are images: the sample itself, or a class at each pixel."""

from twinrun.contract.losses import NextTokenCrossEntropy

from services.runner.validation import valid_spec
from tests.builders.specs import CPUS, proto, violations


def test_a_sample_that_is_its_own_target_takes_a_loss_of_numbers_and_stays_where_it_is():
    flat = [{"flatten": {}}, {"dense": {"units": 784}}]
    itself: dict = {"layers": flat, "loss": {"mean_squared_error": {}}}
    itself["dataset"] = {"name": "mnist", "reconstruct": True}
    assert valid_spec(proto(**itself), CPUS).dataset.reconstruct
    assert violations(proto(**{**itself, "loss": {"softmax_cross_entropy": {}}})).keys() == {"loss"}
    assert violations(proto(**itself, augmentation={"flip": 0.5})).keys() == {"augmentation"}
    pixels = {"sha256": "0" * 64, "size_bytes": 1, "train_samples": 1, "test_samples": 1}
    pixels |= {"shape": [4, 4, 1], "outputs": 3, "targets": "TARGET_KIND_TOKENS"}
    of_pixels = {"layers": [{"conv2d": {"filters": 3, "size": 1}}]}
    of_pixels |= {"dataset": {"name": "file", "arrays": pixels}}
    assert valid_spec(proto(**of_pixels, loss={"pixel_cross_entropy": {}}), CPUS)
    wrong = violations(proto(**of_pixels, loss={"next_token_cross_entropy": {}}))
    assert wrong == {"loss": "is not of pixels, and the dataset has classes of pixels"}
    codes = {"sha256": "0" * 64, "size_bytes": 1, "train_samples": 1, "test_samples": 1}
    codes |= {"shape": [5], "outputs": 3, "codes": 3, "targets": "TARGET_KIND_TOKENS"}
    of_codes = {"name": "file", "arrays": codes, "reconstruct": True}
    assert "dataset.reconstruct" in violations(proto(**{**itself, "dataset": of_codes}))


def of_tokens(**changes):
    """A job of a class at each of five positions, of three codes."""
    codes = {"sha256": "0" * 64, "size_bytes": 1, "train_samples": 1, "test_samples": 1}
    codes |= {"shape": [5], "outputs": 3, "codes": 3, "targets": "TARGET_KIND_TOKENS"}
    table = {"embedding": {"codes": 3, "width": 2, "padding": 0}}
    job: dict = {"layers": [table, {"dense": {"units": 3}}]}
    job["dataset"] = {"name": "file", "arrays": codes}
    job["loss"] = {"next_token_cross_entropy": {"ignored": 0}}
    return {**job, **changes}


def test_a_loss_that_ignores_a_class_may_stand_beside_a_padding():
    assert valid_spec(proto(**of_tokens()), CPUS).loss == NextTokenCrossEntropy(0)
    found = violations(proto(**of_tokens(loss={"next_token_cross_entropy": {}})))
    assert "give the loss the class of padded targets" in found["layers[0].embedding.padding"]


def test_what_is_no_class_cannot_be_ignored_and_nothing_is_accumulated():
    field = "loss.next_token_cross_entropy.ignored"
    for given in (3, -1):
        loss = {"next_token_cross_entropy": {"ignored": given}}
        found = violations(proto(**of_tokens(loss=loss)))
        assert found[field] == f"is {given}; it must be from 0 to 2"
    assert (
        "ignores a class" in violations(proto(**of_tokens(accumulate_steps=2)))["accumulate_steps"]
    )
