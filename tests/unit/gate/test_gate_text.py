"""Texts of others: what is left of them moves no cursor, colours nothing, and forges no line."""

import re
import unicodedata
from xml.etree import ElementTree

import pytest
from google.rpc import error_details_pb2, status_pb2
from hypothesis import given
from hypothesis import strategies as st
from twinrun.v1 import job_pb2, runner_service_pb2

from orchestrator.gate.fault import shown
from orchestrator.trials.text import MOST_CHARACTERS, clean, clean_lines, clean_message
from tests.builders.texts import HARMFUL

SEEN = re.compile(r"[^\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ufffe\uffff]*")


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("\x1b[31m2.0\x1b[0m", "2.0"),
        ("\x1b[1;38;5;196mred\x1b[m", "red"),
        ("one\ntwo\r\nthree\tfour", "one two three four"),
        ("\x1b]0;title\x07after", "after"),
        ("\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x9b2Jcleared", "cleared"),
        ("a\u202eb\u2028c", "ab c"),
        ("x [/a] y", "x [/a] y"),
        ("two  spaces", "two  spaces"),
        ("中文 é 👩‍🔬", "中文 é 👩‍🔬"),
        ("", ""),
    ],
)
def test_what_is_left_of_a_text(text, left):
    assert clean(text) == left


@given(st.one_of(st.sampled_from(HARMFUL), st.text()))
def test_what_is_left_can_be_seen_and_stays(text):
    found = clean(text)
    assert SEEN.fullmatch(found)
    assert not any(unicodedata.category(c) in ("Cc", "Zl", "Zp", "Cs") for c in found)
    assert clean(found) == found
    assert len(found) <= MOST_CHARACTERS
    ElementTree.fromstring(f"<a>{found.replace('&', '').replace('<', '')}</a>")


def test_a_long_text_is_cut_in_no_time():
    assert clean("very " * 1_000_000).endswith("\u2026")
    assert len(clean("\x1bP" * 2_000_000)) <= MOST_CHARACTERS


def test_of_a_picture_of_a_model_lines_and_indents_are_kept():
    assert clean_lines("a\r\n  (0): \x1b[1mb\x1b[0m\n\tc\x07", 100) == "a\n  (0): b\n        c"


def test_every_text_of_a_message_is_cleaned_be_it_in_a_list_a_map_or_below():
    environment = job_pb2.Environment(
        blas="\x1b[1mx\x1b[0m",
        cpu_flags=["a\n", "b"],
        packages={"k\x00": "v\x07"},
        accelerators=[job_pb2.Accelerator(name="GPU\r")],
    )
    info = runner_service_pb2.GetServerInfoResponse(version="\x9b1m1", environment=environment)
    clean_message(info)
    found = info.environment
    assert (info.version, found.blas, found.cpu_flags[:]) == ("1", "x", ["a", "b"])
    assert (dict(found.packages), found.accelerators[0].name) == ({"k": "v"}, "GPU")


def test_details_of_a_status_are_cleaned_and_those_that_nobody_can_read_are_dropped():
    status = status_pb2.Status(message="a\nb")
    info = error_details_pb2.ErrorInfo(reason="R\x1b[0m", metadata={"stderr": "x\ny"})
    status.details.add().Pack(info)
    status.details.add(type_url="type.googleapis.com/no.Such", value=b"x")
    status.details.add(type_url="type.googleapis.com/google.rpc.ErrorInfo", value=b"\xff")
    clean_message(status)
    (kept,) = status.details
    assert kept.Unpack(info)
    assert (info.reason, info.metadata["stderr"]) == ("R", "x y")


def test_what_a_refusal_shows_of_a_value_can_be_printed():
    """A character that Unicode has not assigned, such as U+D7FC, shows nothing."""
    assert shown("a\ud7fcb") == "a\\ud7fcb"
    assert shown("深 é") == "深 é"


def test_the_name_of_a_metric_is_cleaned_and_its_value_stays():
    message = job_pb2.Metrics(others={"roc\x1b[31m_auc": 0.5})
    clean_message(message)
    assert dict(message.others) == {"roc_auc": 0.5}
