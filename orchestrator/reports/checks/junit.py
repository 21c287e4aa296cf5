"""Checks as JUnit's XML, of which every pipeline's page makes a list of tests.

The elements and attributes are those that Jenkins, GitLab and GitHub's actions read in common:
``testsuites``, ``testsuite``, ``testcase`` with ``failure`` or ``error``, ``properties``.
"""

import re
from collections.abc import Mapping, Sequence
from typing import assert_never
from xml.etree import ElementTree

from orchestrator.language.phrases import Sentence, say
from orchestrator.reports.checks import Check, Result

# What XML 1.0 cannot hold, not even escaped: control characters, halves of surrogate pairs.
_INVALID = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NAME = "twinrun"


def document(
    suite: str,
    checks: Sequence[Check],
    properties: Mapping[str, str],
    warnings: Sequence[str] = (),
) -> bytes:
    """Return the XML; ``suite``: such as ``compare mnist-mlp``."""
    counts = {
        "tests": str(len(checks)),
        "failures": str(_count(checks, Result.FAILED)),
        "errors": str(_count(checks, Result.ERROR)),
    }
    root = ElementTree.Element("testsuites", {"name": _NAME, **counts})
    inner = ElementTree.SubElement(root, "testsuite", {"name": _clean(suite), **counts})
    listed = ElementTree.SubElement(inner, "properties") if properties else inner
    for name, value in properties.items():
        ElementTree.SubElement(listed, "property", name=name, value=_clean(value))
    for check in checks:
        _case(inner, suite, check)
    if warnings:
        ElementTree.SubElement(inner, "system-out").text = _clean("\n".join(warnings))
    ElementTree.indent(root)
    content: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return content + b"\n"


def _case(suite: ElementTree.Element, name: str, check: Check) -> None:
    of = _clean(".".join([_NAME, *name.split()]))
    case = ElementTree.SubElement(suite, "testcase", classname=of, name=_clean(say(check.name)))
    text = _clean(say(check.text) if isinstance(check.text, Sentence) else check.text)
    match check.result:
        case Result.PASSED:
            if text:
                ElementTree.SubElement(case, "system-out").text = text
        case Result.FAILED:
            ElementTree.SubElement(case, "failure", message=text, type=_NAME).text = text
        case Result.ERROR:
            ElementTree.SubElement(case, "error", message=text, type=_NAME).text = text
        case _:
            assert_never(check.result)


def _count(checks: Sequence[Check], result: Result) -> int:
    return sum(check.result is result for check in checks)


def _clean(text: str) -> str:
    return _INVALID.sub("\N{REPLACEMENT CHARACTER}", text)
