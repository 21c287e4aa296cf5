"""What shows a comparison, shown three and eight sides: a column, a curve, a pair for each."""

import dataclasses
import json

import pytest
from twinrun.contract.enums import JobState

from orchestrator import page
from orchestrator.api import notebook
from orchestrator.certificate import certificate_file
from orchestrator.certificate.certificates import Certificates
from orchestrator.errors import RunUnreadable
from orchestrator.exports.tables import TABLES
from orchestrator.figures import plots
from orchestrator.reports.comparison import report
from orchestrator.reports.markdown import text
from orchestrator.reports.reproduction import of_comparison
from orchestrator.reports.table import ratio_headings, table
from orchestrator.reports.writers import plain
from orchestrator.results import variants
from orchestrator.results.comparison import compare
from orchestrator.results.comparison_file import as_dict
from orchestrator.results.habits.explanation import as_dict as as_dict_of_rows
from orchestrator.results.habits.explanation import explained
from orchestrator.results.preview import preview
from orchestrator.results.recipes import recipes
from orchestrator.results.summary import summary
from orchestrator.storage import store
from orchestrator.storage.about import About, Kind, about
from orchestrator.trials.mappings.stored import sentence
from orchestrator.trials.sides import Side, twice
from tests.builders.events import JOB, trial
from tests.builders.previews import FLIP, shown, spec
from tests.builders.proofs import evidence, made
from tests.builders.recipes import IDIOMATIC, waiting
from tests.builders.stored import create
from tests.builders.summaries import ONE, model

THREE = ("pytorch", "tensorflow", "jax")
EIGHT = (*THREE, "pytorch-a", "pytorch-b", "pytorch-execution=compiled", "other", "another")
ABOUT = About("a-run", Kind.COMPARE, "mnist-mlp", None)


def compared(sides, blocks=1, **given):
    trials = [
        trial(side, number, seconds=(1.0 + place / 10 + number / 1000,))
        for place, side in enumerate(sides)
        for number in range(1, blocks + 1)
    ]
    return compare(JOB, trials, sides=sides, **given)


FOUND = {count: compared(EIGHT[:count], blocks=2) for count in (1, 2, 3, 8)}


def certificates(*seconds):
    """As they are when they were written and read."""
    found = Certificates([made(second=evidence(name)) for name in seconds])
    kept = json.loads(json.dumps(certificate_file.as_dict(found)))
    return kept, certificate_file.read(kept, "a test")


@pytest.mark.parametrize("count", FOUND)
def test_tables_have_a_column_for_each_side_and_a_ratio_for_each_but_the_baseline(count):
    found = FOUND[count]
    headings = ratio_headings(found)
    assert len(headings) == count - 1
    assert all(heading.endswith(" / PyTorch") for heading in headings)
    made = table(found)
    assert made.headings[1 + count :] == headings
    assert all(len(row.cells) == len(made.columns) == 2 * count for row in made.rows)
    for shown_as in (
        plain.report(report(found), 1000),
        text(found, "run"),
        notebook.page(found, "p", ""),
    ):
        unescaped = shown_as.replace("\\", "")
        assert all(heading in unescaped for heading in headings)
    with_ratios = [line for line in text(found, "run").splitlines() if line.startswith("|")]
    assert {line.replace("\\|", "").count("|") for line in with_ratios} >= {2 * count + 1}


@pytest.mark.parametrize("count", FOUND)
def test_exports_and_the_page_tell_of_each_side(count):
    found = FOUND[count]
    assert {row["side"] for row in TABLES["epochs"].rows(found)} == set(EIGHT[:count])
    held = json.loads(json.dumps(as_dict(found)))
    assert list(held["frameworks"]) == list(EIGHT[:count])
    whole = page.render(page.comparison_page(found, ABOUT, [])).decode()
    assert all(heading in whole for heading in ratio_headings(found))


@pytest.mark.parametrize("count", [3, 8])
def test_every_figure_is_drawn(count):
    found = FOUND[count]
    assert "ratios" in plots.names(found)
    for name in plots.names(found):
        assert plots.drawing(found, name).files()


def test_each_pair_has_a_certificate_that_is_looked_up_by_its_sides():
    proof, read = certificates("tensorflow", "jax")
    assert proof["schema"] == "twinrun.certificates/1"
    assert "PyTorch and JAX: " in proof["sentence"]
    assert read.sentence == proof["sentence"]
    found = compared(THREE, certificates=read)
    assert [pair.certificate.second for pair in found.pairs] == ["tensorflow", "jax"]
    assert {"certificate-tensorflow", "certificate-jax"} <= set(plots.names(found))
    other = compared(THREE, certificates=read, baseline="jax")
    assert [pair.certificate is None for pair in other.pairs] == [False, True]


def test_a_certificate_of_two_sides_is_kept_as_it_was():
    proof, _ = certificates("tensorflow")
    assert proof["schema"] == "twinrun.certificate/2"
    assert "pairs" not in proof


def test_certificates_of_several_pairs_have_a_page_that_names_each():
    several = [made(second=evidence(name)) for name in ("tensorflow", "jax")]
    found = page.render(page.certificate_page(several, ABOUT, [])).decode()
    assert "PyTorch and JAX: The evidence" in found
    assert "--frameworks pytorch,tensorflow,jax" in found


def test_the_findings_of_several_pairs_are_told_again_from_the_file():
    for found in FOUND.values():
        held = json.loads(json.dumps(as_dict(found)))
        assert sentence(held, "finding") == found.finding


def test_what_is_to_be_typed_names_the_sides_in_order_and_the_baseline():
    (line,) = of_comparison(compared(THREE, baseline="jax"), "w").lines
    assert "--frameworks pytorch,tensorflow,jax --baseline jax" in line


def test_an_explanation_of_three_has_rows_for_each_pair():
    trials = [trial(name, 1, seconds=(1.0,)) for name in THREE]
    pairs = explained(trials, THREE)
    assert [list(rows[0].seconds) for rows in pairs] == [list(THREE[:2]), ["pytorch", "jax"]]
    held = as_dict_of_rows("w", pairs)
    assert [pair["side"] for pair in held["pairs"]] == ["tensorflow", "jax"]
    drawings = [plots.explanation_canvas(rows, alone=False).drawing() for rows in pairs]
    assert {drawing.name for drawing in drawings} == {"explanation-tensorflow", "explanation-jax"}
    whole = page.render(page.explanation_page(pairs, ABOUT, drawings)).decode()
    assert "PyTorch and JAX: Each difference" in whole
    (alone,) = explained(trials, THREE[:2], "tensorflow")
    assert list(alone[0].seconds) == ["tensorflow", "pytorch"]


def test_a_preview_of_three_says_which_differ_from_the_baseline():
    images = {"pytorch": shown(), "tensorflow": shown(5e-7), "jax": shown(0.5)}
    found = preview("mine", spec(**FLIP), images)
    assert list(found.differences) == ["tensorflow", "jax"]
    assert "PyTorch and JAX do not produce the same images" in found.sentence
    assert plots.preview_canvas(found).drawing().files()
    other = preview("mine", spec(**FLIP), images, "jax")
    assert "PyTorch, TensorFlow and JAX do not produce the same images" in other.sentence


def test_a_summary_of_three_is_held_against_the_baseline():
    models = {"pytorch": ONE, "tensorflow": ONE, "jax": model(((24, 24, 32), 800), ((10,), 50))}
    assert summary(models).sentence.count("output of layer 0 is") == 1
    assert summary(models, "jax").sentence.count("output of layer 0 is") == 2
    agreeing = summary(dict.fromkeys(THREE, ONE))
    assert agreeing.sentence.startswith("PyTorch, TensorFlow and JAX agree: ")


def test_recipes_of_three_take_each_pair_apart_and_name_it():
    matched = [trial(name, seconds=(2.0 + place,)) for place, name in enumerate(THREE)]
    own = [waiting(name, 5.0 + place, 1.0) for place, name in enumerate(THREE)]
    given = {"sides": THREE}
    found = recipes(
        {
            "matched": compare(JOB, matched, **given),
            "idiomatic": compare(IDIOMATIC, own, **given),
        }
    )
    assert found.longer_seconds is None
    assert "TensorFlow trained 1.00 s longer than PyTorch" in found.sentence
    assert "JAX trained 2.00 s longer than PyTorch" in found.sentence
    held = json.loads(json.dumps(variants.as_dict(found)))
    assert sentence(held, "sentence") == found.sentence


def test_an_a_a_test_beside_another_framework_certifies_only_what_differs():
    sides = [side.name for side in (*twice("pytorch"), Side("tensorflow"))]
    found = compared(sides)
    assert [pair.timed is None for pair in found.pairs] == [True, False]


def test_the_baseline_is_kept_with_the_run_where_one_was_named(tmp_path):
    plain = create(tmp_path, sides=THREE)
    assert about(plain.path).baseline is None
    assert "baseline" not in json.loads((plain.path / "run.json").read_text())
    named = store.create(tmp_path, Kind.COMPARE, "w", THREE, plain.spec(), baseline="jax")
    assert about(named.path).baseline == "jax"
    inner = store.within(named, "matched", Kind.COMPARE, THREE, plain.spec())
    assert inner.about().baseline == "jax"
    kept = json.loads((named.path / "run.json").read_text())
    (named.path / "run.json").write_text(json.dumps({**kept, "baseline": "keras"}))
    with pytest.raises(RunUnreadable, match="baseline"):
        about(named.path)


def test_without_any_trial_of_the_baseline_it_is_said_why_the_others_did_not_end():
    cancelled = dataclasses.replace(trial("tensorflow"), state=JobState.CANCELLED)
    found = compare(JOB, [cancelled], sides=("pytorch", "tensorflow"), baseline="pytorch")
    assert "was cancelled" in found.finding
