"""Results as notebooks have them."""

import builtins
import json
import re

import pytest

from orchestrator.api.result import Result
from orchestrator.errors import BadInput
from orchestrator.exports.tables import TABLES
from orchestrator.results.comparison import compare
from orchestrator.results.comparison_file import as_dict
from tests.builders.events import JOB, failed_trial, trial


@pytest.fixture
def result(tmp_path):
    def result(*trials):
        return Result(tmp_path, compare(JOB, trials or [trial("pytorch"), trial("tensorflow")]))

    return result


def test_it_gives_what_the_comparison_says(result):
    found = result()
    assert found.verdict is found.comparison.verdict
    assert found.finding == found.verdict.sentence
    assert found.certificate is None
    assert [each.code for each in found.warnings] == ["CERTIFICATE_MISSING", "FEW_PAIRS"]
    assert found.to_dict() == json.loads(json.dumps(as_dict(found.comparison)))


def test_it_is_short_in_plain_text(result, tmp_path):
    assert repr(result()) == f"<Result {tmp_path.name}: {result().finding}>"


def test_it_cannot_be_changed(result):
    with pytest.raises(AttributeError):
        result().path = "elsewhere"


@pytest.mark.parametrize("table", TABLES)
def test_a_frame_has_the_rows_of_its_table_and_kinds_that_do_not_depend_on_them(result, table):
    pandas = pytest.importorskip("pandas")
    found = result(trial(), failed_trial(after=0)).to_frame(table)
    assert list(found.columns) == list(TABLES[table].columns(JOB))
    assert len(found) == len(list(TABLES[table].rows(compare(JOB, [trial()])))) + (
        {"trials": 1, "phases": 3}.get(table, 0)
    )
    empty = Result(result().path, compare(JOB, [])).to_frame(table)
    assert empty.dtypes.to_dict() == found.dtypes.to_dict()
    assert isinstance(found, pandas.DataFrame)


def test_another_table_is_refused_with_those_that_there_are(result):
    with pytest.raises(BadInput, match="'epoch'; choose from epochs, steps, trials, phases"):
        result().to_frame("epoch")


def test_without_pandas_it_is_said_what_to_install(result, monkeypatch):
    real = builtins.__import__

    def without(name, *given, **more):
        if name == "pandas":
            raise ModuleNotFoundError(name=name)
        return real(name, *given, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(BadInput, match=r"pip install 'twinrun\[notebook\]'"):
        result().to_frame()


def test_a_figure_that_is_not_there_is_refused_with_those_that_are(result, tmp_path):
    with pytest.raises(BadInput, match="has no figures"):
        result().figure()
    (tmp_path / "figures").mkdir()
    (tmp_path / "figures/loss.svg").write_text("<svg/>")
    assert result().figure("loss")._repr_svg_() == "<svg/>"
    with pytest.raises(BadInput, match="no figure 'los'; choose from loss"):
        result().figure("los")


def test_what_a_runner_says_is_text_in_a_page_never_markup(result):
    broken = failed_trial("pytorch")
    shown = result(broken, trial("tensorflow<b>"))._repr_html_()
    assert "<b>" not in shown
    assert "tensorflow&lt;b&gt;" in shown


def test_a_page_is_well_formed_whatever_there_is_to_show(result):
    for trials in ((), (trial(),), (failed_trial(after=0),)):
        shown = result(*trials)._repr_html_()
        opened = re.findall(r"<(\w+)(?![^>]*/>)", shown)
        closed = re.findall(r"</(\w+)>", shown)
        assert sorted(tag for tag in opened if tag != "img") == sorted(closed)
