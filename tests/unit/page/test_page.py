"""A run's page: what it says, that nothing in it can do harm, and what it is made of."""

import base64
import dataclasses
import json
import re
from datetime import UTC, datetime

import numpy as np
import pytest
from twinrun.contract.events import Failure
from twinrun.v1 import job_pb2

from orchestrator import page
from orchestrator.figures import plots
from orchestrator.language.phrases import LANGUAGES, speaking
from orchestrator.page.answers import answers
from orchestrator.reports.environments import properties
from orchestrator.reports.table import table
from orchestrator.results.comparison import compare
from orchestrator.results.comparison_file import as_dict
from orchestrator.results.habits.numbering import number_of
from orchestrator.results.habits.pitfalls import PITFALLS
from orchestrator.storage.about import About, Kind
from orchestrator.trials.fold import fold
from tests.builders import explained, proofs
from tests.builders.comparisons import NOISE, pairs
from tests.builders.document import Document
from tests.builders.drawn import drawings
from tests.builders.events import JOB, failed_trial, job, trial
from tests.builders.proofs import certified

ABOUT = About(
    "20261124T231346Z-mnist-mlp",
    Kind.COMPARE,
    "mnist-mlp",
    datetime(2026, 11, 24, 23, 13, tzinfo=UTC),
)
HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)>\"'&{{ 7 * 7 }}"
BOTH = compare(JOB, [trial("pytorch"), trial("tensorflow", seconds=(1.0, 0.9, 0.9))])


def shown(comparison, **about):
    made = page.comparison_page(
        comparison, dataclasses.replace(ABOUT, **about), drawings(comparison)
    )
    return Document(page.render(made))


def test_the_answer_stands_first_and_large():
    found = shown(BOTH)
    assert BOTH.finding in found.text
    assert found.text.index("does not show who is faster") < found.text.index("What ran?")
    assert len(found.tags("h1")) == 1


def test_all_questions_are_answered_in_their_order():
    text = shown(BOTH).text
    questions = (
        "What ran?",
        "Was it the same job?",
        "Who was faster, and how sure is it?",
        "Did they learn?",
        "Why?",
    )
    places = [text.index(question) for question in questions]
    assert places == sorted(places)
    assert "A model of 109,386 parameters, trained on 3,200 samples of mnist for 3 epochs" in text
    assert "96.67 % and 96.67 %" in text


def test_an_epoch_has_the_same_seconds_in_the_bars_the_table_and_the_answers():
    rng = np.random.default_rng(3)
    made = [
        trial(side, number, seconds=rng.uniform(0.1, 0.9, 3).tolist())
        for number in range(1, 8)
        for side in ("pytorch", "tensorflow")
    ]
    found = compare(JOB, made)
    built = page.comparison_page(found, ABOUT, [])
    (row,) = [row for row in table(found).rows if row.name == "per epoch"]
    values = row.values[:2]
    assert [pace.text for pace in built.pace] == values
    assert all(f"{value}" in " ".join(built.answers[-1].sentences) for value in values)


def test_a_limited_epoch_says_what_it_took():
    assert "Each epoch took" not in shown(BOTH).text
    limited = compare(JOB, [trial("pytorch", samples=60_000, taken=3200)])
    assert "Each epoch took 3,200 of them, in 50 steps." in shown(limited).text


def test_why_is_answered_by_a_cause_or_by_not_known_and_never_by_cpus_alone():
    def answer(comparison):
        return answers(comparison, ABOUT)[-1]

    shown_one = compare(JOB, pairs([1.3 * noise for noise in NOISE]))
    assert answer(shown_one).short == "Not known"
    assert answer(shown_one).sentences[0] == "No measurement makes up most of the difference."
    assert answer(BOTH).sentences[0] == "No difference is shown, so it has no cause."
    late = [
        dataclasses.replace(
            t,
            epochs=(
                dataclasses.replace(t.epochs[0], data_wait_seconds=t.epochs[0].train_seconds - 1),
            ),
        )
        for t in pairs([1.5] * 6)
    ]
    assert answer(compare(JOB, late)).short == "Waiting for data"


def test_how_sure_it_is_is_said_with_the_interval_and_what_could_not_have_been_seen():
    found = compare(JOB, pairs([1.3 * noise for noise in NOISE]))
    text = shown(found).text
    assert "The 8 pairs of trials put the ratio between 1.2" in text
    assert "could not have been seen" in text


@pytest.mark.parametrize(
    ("certificate", "short"),
    [
        (certified(), "Yes"),
        (certified("Not shown to be the same job.", same_job=False), "Not shown"),
        (None, "Not checked"),
    ],
)
def test_whether_it_was_the_same_job_is_answered_by_the_certificate(certificate, short):
    found = compare(JOB, [trial("pytorch"), trial("tensorflow")], certificate)
    assert f"Was it the same job? {short} " in shown(found).text


def test_other_inputs_are_no_same_job_whatever_the_certificate_says():
    other = trial("tensorflow", inputs={"data_sha256": 64 * "b"})
    assert (
        "Was it the same job? No "
        in shown(compare(JOB, [trial("pytorch"), other], certified())).text
    )


def test_every_trial_and_every_warning_with_its_remedy_is_there():
    found = shown(BOTH)
    for caution in BOTH.cautions:
        for text in (caution.code, caution.sentence, caution.remedy):
            assert text in found.text
    assert f"{len(BOTH.cautions)} warnings" in found.text
    assert found.text.count("succeeded") >= 2


def test_environments_stand_side_by_side_with_what_differs_marked_by_more_than_colour():
    text = shown(BOTH).text
    assert "Version ≠ 2.14.1 2.21.0" in text
    assert "Python 3.11.7 3.11.7" in text


def test_what_only_one_side_has_differs_too_but_not_what_is_not_known_of_a_side():
    cuda, cpu = job_pb2.Environment(cuda_version="13.0"), job_pb2.Environment(cpu_model="A")
    marked = {each.name: each for each in properties({"pytorch": cuda, "tensorflow": cpu}).rows}
    assert marked["CUDA"].values == ["13.0", "-"]
    assert marked["CUDA"].differs
    assert not marked["Device"].differs
    assert not any(each.differs for each in properties({"pytorch": cuda, "tensorflow": None}).rows)


def test_the_data_can_be_taken_from_the_page():
    links = [a for a in shown(BOTH).tags("a") if a.get("download") == "comparison.json"]
    content = links[0]["href"].removeprefix("data:application/json;base64,")
    assert json.loads(base64.b64decode(content)) == json.loads(json.dumps(as_dict(BOTH)))


HOSTILE_COMPARISONS = {
    "an error": lambda: compare(
        JOB,
        [
            trial("pytorch"),
            dataclasses.replace(failed_trial("tensorflow"), error=Failure("X", HOSTILE)),
        ],
    ),
    "a data set": lambda: compare(job(dataset={"name": HOSTILE}), [trial("pytorch")]),
    "a certificate": lambda: compare(
        JOB,
        [trial("pytorch"), trial("tensorflow")],
        certified(HOSTILE, same_job=False),
    ),
    "a framework": lambda: compare(JOB, [trial(f"jax{HOSTILE}"), trial("pytorch")]),
}


@pytest.mark.parametrize("what", HOSTILE_COMPARISONS)
def test_no_text_of_a_run_becomes_a_part_of_the_page(what):
    found = shown(HOSTILE_COMPARISONS[what](), workload=HOSTILE)
    assert not found.tags("script")
    assert not found.tags("img")
    assert not any(name.startswith("on") for _, given in found.elements for name in given)
    assert "{{ 7 * 7 }}" in found.text
    assert found.open == []


def test_the_page_forbids_itself_scripts_and_everything_from_elsewhere():
    found = shown(BOTH)
    (policy,) = [m["content"] for m in found.tags("meta") if "http-equiv" in m]
    assert policy.startswith("default-src 'none'")
    for _, given in found.elements:
        for name in ("src", "href"):
            assert given.get(name, "#").startswith(("#", "data:"))


def test_ids_are_not_given_twice_and_every_reference_is_to_one():
    found = shown(BOTH)
    ids = [given["id"] for _, given in found.elements if "id" in given]
    assert len(ids) == len(set(ids))
    referred = [a["href"][1:] for a in found.tags("a") if a["href"].startswith("#")]
    referred += [use["href"][1:] for use in found.tags("use")]
    content = page.render(page.comparison_page(BOTH, ABOUT, drawings(BOTH))).decode()
    referred += re.findall(r"url\(#([^)]+)\)", content)
    assert set(referred) <= set(ids)


def test_figures_are_in_the_pages_own_colours():
    for figure in drawings(BOTH):
        assert b"#d55e00" in figure.svg  # which the page replaces by its own
    made = page.comparison_page(BOTH, ABOUT, drawings(BOTH))
    svgs = "".join(
        f.svg for s in made.sections for b in s.blocks for f in getattr(b, "figures", ())
    )
    assert "var(--mark-0)" in svgs
    assert not re.findall(r"#[0-9a-fA-F]{6}\b", svgs)


def test_the_same_comparison_makes_the_same_page():
    made = drawings(BOTH)
    first, second = (page.render(page.comparison_page(BOTH, ABOUT, made)) for _ in range(2))
    assert first == second


CASES = {
    "one trial": [trial("pytorch")],
    "an A/A test": [trial("pytorch-a"), trial("pytorch-b")],
    "three frameworks": [trial("pytorch"), trial("tensorflow"), trial("jax")],
    "a failed trial": [trial("pytorch"), failed_trial("tensorflow", after=0)],
    "a trial that never started": [trial("pytorch"), fold("tensorflow", 1, [])],
    "no trial": [],
}


@pytest.mark.parametrize("case", CASES)
def test_there_is_a_page_of(case):
    found = compare(JOB, CASES[case])
    assert found.finding in shown(found).text


@pytest.mark.parametrize(
    ("precision", "allowed"), [("FLOAT64", "1e-12"), ("FLOAT32", "10 times rounding")]
)
def test_what_is_allowed_is_that_of_the_jobs_precision(precision, allowed):
    made = proofs.rounded(1e-8, precision=precision, own=1e-8)
    text = Document(page.render(page.certificate_page([made], ABOUT, []))).text
    assert allowed in text
    assert ("1e-12" in text) is (precision == "FLOAT64")


def test_a_certificate_has_a_page_of_its_evidence():
    made = proofs.made()
    figures = [plots.certificate_canvas(made).drawing()]
    found = Document(page.render(page.certificate_page([made], ABOUT, figures)))
    assert made.sentence in found.text
    assert all(difference.quantity in found.text for difference in made.differences)
    assert "orchestrator verify --workload mnist-mlp.yaml" in found.text


def test_an_explanation_has_a_page_with_a_row_for_each_difference():
    rows = explained.rows(
        explained.pair(), *(explained.pair(number_of(p), parts_at=5) for p in PITFALLS)
    )
    figures = [plots.explanation_canvas(rows).drawing()]
    found = Document(page.render(page.explanation_page([rows], ABOUT, figures)))
    assert all(pitfall.title in found.text for pitfall in PITFALLS)
    # Its paragraphs are not squeezed into a word a line on a phone.
    assert len([each for each in found.tags("td") if each.get("class") == "long"]) >= len(PITFALLS)


def test_the_page_speaks_the_language_of_the_moment():
    with speaking(LANGUAGES[1]):
        found = shown(BOTH)
    assert found.tags("html") == [{"lang": "zh-TW"}]
    assert "是同一個工作嗎？" in found.text
