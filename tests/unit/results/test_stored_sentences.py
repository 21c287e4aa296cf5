"""Sentences of files are in English, and are said in another language from their parts."""

import dataclasses
import json

import numpy as np
import pytest

from orchestrator.certificate import certificate_file
from orchestrator.certificate.certificates import Certificates, none_made
from orchestrator.language.phrases import LANGUAGES, Phrase, english, join, say, speaking
from orchestrator.language.words import NEXT
from orchestrator.results import variants
from orchestrator.results.comparison import compare
from orchestrator.results.comparison_file import as_dict
from orchestrator.trials.fold import fold
from orchestrator.trials.mappings.stored import as_json, sentence, sentences
from tests.builders.comparisons import NOISE, pairs
from tests.builders.events import JOB, failed_trial, losses, trial
from tests.builders.proofs import KERNEL, NAMES, evidence, made, rounded

CHINESE = LANGUAGES[1]
STILL = Phrase("It was not finished.")  # a phrase of today
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
    found = Certificates([CERTIFICATES[name]()])
    with speaking(CHINESE):
        kept = from_file(certificate_file.as_dict(found))
        read = certificate_file.read(kept, "a test")
        assert say(read.sentence) == say(found.sentence)
        assert say(read.made[0].inputs.sentence) == say(found.made[0].inputs.sentence)
        assert say(read.sentence) != kept["sentence"]
    assert kept["sentence"] == found.sentence
    assert kept["sentence"].isascii()


def test_why_there_is_no_certificate_is_said_too():
    unmade = none_made(english(Phrase("It was not finished.")), *NAMES)
    kept = from_file(certificate_file.as_dict(Certificates([unmade])))
    with speaking(CHINESE):
        read = certificate_file.read(kept, "a test")
        assert say(read.pairs[0].why) == say(unmade.why) != unmade.why
        assert say(unmade.why).rstrip("。") in say(read.sentence)


OTHERS = [
    {"sentence": "Another version said so."},
    {"said": {}},
    {"said": 3},
    {"said": {"sentence": {"phrase": "{a.b} {c:d}", "values": {"a": 1}, "clause": False}}},
    {"said": {"sentence": {"phrase": 5, "values": [], "clause": None}}},
]


@pytest.mark.parametrize("change", OTHERS)
def test_what_cannot_be_made_again_is_left_as_it_is_stored(change):
    kept = {**from_file(certificate_file.as_dict(Certificates([made()]))), **change}
    with speaking(CHINESE):
        assert say(sentence(kept, "sentence")) == kept["sentence"]


def test_the_version_before_named_no_sentence_in_said_and_is_said_in_chinese_all_the_same():
    kept = from_file(certificate_file.as_dict(Certificates([made()])))
    before = {**kept, "said": kept["said"]["sentence"]}
    with speaking(CHINESE):
        assert say(sentence(before, "sentence")) == say(made().sentence) != kept["sentence"]


def test_a_phrase_that_was_reworded_since_is_told_as_it_was_stored():
    """As the stored run has it: its phrase is none of today's."""
    old = Phrase("The {side} of old was {ratio:.1f} times as quick.")
    finding = english(old, side="A", ratio=2)
    kept = from_file(as_json({"finding": join(NEXT, [finding, english(STILL)])}))
    assert sentence(kept, "finding") == kept["finding"]
    with speaking(CHINESE):
        assert say(sentence(kept, "finding")) == f"{finding}{say(STILL)}"
        assert say(STILL) != STILL


def test_a_file_of_an_older_version_shows_its_english_and_by_catalogue_what_has_no_values():
    older = {"a": "The losses of old: 3 steps.", "b": str(STILL), "each": [str(STILL), "Old."]}
    assert sentence(older, "a") == older["a"]
    with speaking(CHINESE):
        assert say(sentence(older, "a")) == older["a"]
        assert say(sentence(older, "b")) == say(STILL)
        assert list(map(say, sentences(older, "each"))) == [say(STILL), "Old."]


@pytest.mark.parametrize("ratios", [[1.5], [1.001], 3 * [1.5], 8 * [1.5], NOISE])
def test_a_verdict_is_stored_in_english_and_said_in_chinese(ratios):
    found = compare(JOB, pairs(ratios))
    with speaking(CHINESE):
        kept = from_file(as_dict(found))["verdict"]
        said = say(sentence(kept, "sentence"))
        assert said == say(found.verdict.sentence) != kept["sentence"]
    assert kept["sentence"] == found.verdict.sentence


@pytest.mark.parametrize(
    "trials",
    [
        [trial("pytorch")],
        [trial("pytorch"), failed_trial("tensorflow")],
        [trial("pytorch"), fold("tensorflow", 1, [])],
        [trial("pytorch"), trial("tensorflow")],
    ],
)
def test_every_sentence_of_a_comparison_can_be_said_in_chinese(trials):
    found = compare(JOB, trials, Certificates([made()]))
    with speaking(CHINESE):
        kept = from_file(as_dict(found))
        assert say(sentence(kept, "finding")) == say(found.finding) != kept["finding"]
        assert say(sentence(kept["inputs"], "sentence")) == say(found.inputs.sentence)
        for written, caution in zip(kept["warnings"], found.cautions, strict=True):
            assert say(sentence(written, "sentence")) == say(caution.sentence)
            assert say(sentence(written, "remedy")) == say(caution.remedy)


def test_what_recipes_and_loops_came_to_is_said_in_chinese():
    compared = {name: compare(JOB, pairs([ratio])) for name, ratio in RATIOS.items()}
    by_recipe = variants.recipes({"matched": compared["custom"], "idiomatic": compared["fit"]})
    by_loop = variants.loops(compared)
    with speaking(CHINESE):
        kept = from_file(variants.as_dict(by_recipe))
        assert say(sentence(kept, "sentence")) == say(by_recipe.sentence) != by_recipe.sentence
        each = sentences(from_file(variants.as_dict(by_loop)), "sentences")
        assert list(map(say, each)) == list(map(say, by_loop.sentences))
    assert each == by_loop.sentences
    assert len(each) == 3


def test_nothing_of_a_comparison_is_stored_in_another_language():
    trials = [trial("pytorch"), trial("tensorflow", seconds=(9.0, 9.0, 9.0))]
    found = compare(JOB, trials, Certificates([made()]))
    in_english = as_dict(found)
    with speaking(CHINESE):
        assert as_dict(found) == in_english


def test_what_is_not_finite_is_null_and_what_json_has_not_is_told_in_its_kinds():
    made_of = {"a": float("inf"), "b": (1.0, float("nan")), "c": np.array([1.5, np.inf]), "d": None}
    assert as_json(made_of) == {"a": None, "b": [1.0, None], "c": [1.5, None], "d": None}
