"""Checks as JUnit's XML: what a pipeline's page is given."""

from xml.etree import ElementTree

import pytest

from orchestrator.language.phrases import Phrase, english
from orchestrator.reports.checks import Check, Result
from orchestrator.reports.checks.junit import document

NAME = english(Phrase("a check"))


def case(result: Result, text: str) -> ElementTree.Element:
    """The element of one check's test case; the document holds nothing else."""
    root = ElementTree.fromstring(document("diff a b", [Check(NAME, result, text)], {}))
    (suite,) = root
    (only,) = suite
    assert (only.tag, only.get("name")) == ("testcase", "a check")
    return only


@pytest.mark.parametrize(
    ("result", "tag"),
    [(Result.PASSED, "system-out"), (Result.FAILED, "failure"), (Result.ERROR, "error")],
)
def test_what_a_check_found_is_in_the_element_of_its_result(result, tag):
    (found,) = case(result, "5 % slower\x00 < 2")
    assert (found.tag, found.text) == (tag, "5 % slower\N{REPLACEMENT CHARACTER} < 2")


def test_what_passed_without_a_word_has_no_empty_element():
    assert list(case(Result.PASSED, "")) == []


def test_a_suite_counts_what_failed_and_has_properties_and_warnings_where_there_are_some():
    checks = [Check(NAME, result, "so") for result in (Result.FAILED, Result.ERROR)]
    root = ElementTree.fromstring(document("compare w", checks, {"run": "r"}, ["one", "two"]))
    (suite,) = root
    counts = {"tests": "2", "failures": "1", "errors": "1"}
    assert counts.items() <= suite.attrib.items()
    assert counts.items() <= root.attrib.items()
    assert [each.attrib for each in suite.iter("property")] == [{"name": "run", "value": "r"}]
    assert suite.findtext("system-out") == "one\ntwo"
