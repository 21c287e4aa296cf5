"""Sentences of files are in English, and are said in another language from what else is there."""

import dataclasses
import json

import numpy as np
import pytest

from orchestrator.certificate import certificate_file
from orchestrator.language.phrases import LANGUAGES, Phrase, english, say, speaking
from orchestrator.results import variants, verdict
from orchestrator.results.comparison import compare
from orchestrator.results.comparison_file import as_dict, finding_retold
from orchestrator.trials.fold import fold
from tests.builders.comparisons import NOISE, pairs
from tests.builders.events import SPEC, failed_trial, losses, trial
from tests.builders.proofs import KERNEL, NAMES, evidence, made, rounded

CHINESE = LANGUAGES[1]
RATIOS = dict(zip(variants.LOOPS, (1.5, 1.4, 1.2, 1.1), strict=True))


def apart(part, **given):
    values = np.array(losses(2)) * (1 + part)
    return evidence("tensorflow", step_losses=values, **given)


def other_initial_values():
    other = evidence("tensorflow", inputs={"initial_weights_sha256": 64 * "b"})
    changed = {**other.initial_weights, "layers.1.bias": np.full(3, 1e-6)}
    return made(second=dataclasses.replace(other, initial_weights=changed))


CERTIFICATES = {
    "the same": made,
    "losses that part": lambda: made(second=apart(1e-6)),
    "weights that part": lambda: made(second=evidence("tensorflow", kernel=KERNEL * 1.1)),
    "other initial values": other_initial_values,
    "as rounding does": lambda: rounded(1e-7, precision="FLOAT32", own=1e-7, growth=1.05),
    "faster than rounding": lambda: rounded(1e-2, precision="FLOAT32", own=1e-7, growth=1.05),
    "rounding enlarged": lambda: rounded(1e-16),
    "not deterministic": lambda: rounded(1e-16, again=np.array(losses(2)) * 1.15),
}


def from_file(found):
    """As it is when it was written and read."""
    return json.loads(json.dumps(found))


@pytest.mark.parametrize("name", CERTIFICATES)
def test_a_certificate_is_stored_in_english_and_said_in_chinese(name):
    found = CERTIFICATES[name]()
    with speaking(CHINESE):
        read = from_file(certificate_file.as_dict(found))
        said = say(certificate_file.retold(read))
        assert said == say(found.sentence)
    assert read["sentence"] == found.sentence
    assert read["sentence"].isascii()
    assert said != read["sentence"]


def test_why_there_is_no_certificate_is_said_too():
    read = from_file(certificate_file.none_made(english(Phrase("It was not finished.")), *NAMES))
    assert certificate_file.retold(read) == read["sentence"]
    with speaking(CHINESE):
        assert say(Phrase("It was not finished.")).rstrip("。") in say(
            certificate_file.retold(read)
        )


OTHERS = [
    {"sentence": "Another version said so."},
    {"said": {}},
    {"said": {"phrase": "{a.b} {c:d}", "values": {"a": 1}, "clause": False}},
    {"said": {"phrase": 5, "values": [], "clause": None}},
]


@pytest.mark.parametrize("change", OTHERS)
def test_what_cannot_be_made_again_is_left_as_it_is_stored(change):
    read = {**from_file(certificate_file.as_dict(made())), **change}
    with speaking(CHINESE):
        assert say(certificate_file.retold(read)) == read["sentence"]


@pytest.mark.parametrize("ratios", [[1.5], [1.001], 3 * [1.5], 8 * [1.5], NOISE])
def test_a_verdict_is_stored_in_english_and_said_in_chinese(ratios):
    found = compare(SPEC, pairs(ratios))
    with speaking(CHINESE):
        read = from_file(as_dict(found))["verdict"]
        said = say(verdict.retold(read))
        assert said == say(found.verdict.sentence)
    assert read["sentence"] == found.verdict.sentence
    assert said != read["sentence"]


@pytest.mark.parametrize(
    "trials",
    [
        [trial("pytorch")],
        [trial("pytorch"), failed_trial("tensorflow")],
        [trial("pytorch"), fold("tensorflow", 1, [])],
    ],
)
def test_why_there_is_no_verdict_is_said_in_chinese(trials):
    found = compare(SPEC, trials)
    with speaking(CHINESE):
        read = from_file(as_dict(found))
        assert say(finding_retold(read)) == say(found.finding) != read["finding"]


def test_what_recipes_and_loops_came_to_is_said_in_chinese():
    compared = {name: compare(SPEC, pairs([ratio])) for name, ratio in RATIOS.items()}
    by_recipe = variants.recipes({"matched": compared["custom"], "idiomatic": compared["fit"]})
    by_loop = variants.loops(compared)
    with speaking(CHINESE):
        said = say(variants.recipes_retold(from_file(variants.as_dict(by_recipe))))
        assert said == say(by_recipe.sentence) != by_recipe.sentence
        each = variants.loops_retold(from_file(variants.as_dict(by_loop)))
        assert list(map(say, each)) == list(map(say, by_loop.sentences))
    assert each == by_loop.sentences
    assert len(each) == 2


def test_nothing_of_a_comparison_is_stored_in_another_language():
    trials = [trial("pytorch"), trial("tensorflow", seconds=(9.0, 9.0, 9.0))]
    in_english = as_dict(compare(SPEC, trials, from_file(certificate_file.as_dict(made()))))
    with speaking(CHINESE):
        assert (
            as_dict(compare(SPEC, trials, from_file(certificate_file.as_dict(made()))))
            == in_english
        )
