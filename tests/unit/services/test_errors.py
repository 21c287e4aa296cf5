import errno
import re
from pathlib import Path

import pytest
from google.rpc import code_pb2
from twinrun.contract.reasons import Reason
from twinrun.contract.violation import Violation

from services import errors

DOCUMENT = Path(__file__).parents[3] / "docs" / "errors.md"


def every_class(cls=errors.TwinrunError) -> list[type[errors.TwinrunError]]:
    return [cls, *(found for sub in cls.__subclasses__() for found in every_class(sub))]


def test_every_reason_has_one_error_of_the_runner_but_for_the_orchestrators_own():
    reasons = [cls.reason for cls in every_class()]
    assert sorted(reasons) == sorted({*Reason} - {Reason.RUNNER_WRONG})


def test_a_reason_is_a_name_in_upper_case_and_is_its_own_value():
    for reason in Reason:
        assert reason.name == reason.value == str(reason)
        assert re.fullmatch(r"[A-Z]+(_[A-Z]+)*", reason)


def test_every_error_is_found_by_its_reason():
    assert errors.by_reason() == {cls.reason: cls for cls in every_class()}


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_has_a_grpc_status_code_that_means_a_fault(reason):
    assert reason.code in dict(code_pb2.Code.items())
    assert reason.code not in ("OK", "UNKNOWN")


def test_the_document_lists_exactly_the_reasons_that_there_are_with_their_codes():
    rows = re.findall(
        r"^\| `([A-Z_]+)` \| `([A-Z_]+)` \| \S.*\. \| \S.*\. \|$",
        DOCUMENT.read_text(),
        re.MULTILINE,
    )
    assert len(rows) == DOCUMENT.read_text().count("\n| `")
    assert sorted(rows) == sorted((reason.value, reason.code) for reason in Reason)


@pytest.mark.parametrize("cls", every_class())
def test_every_error_can_be_made_again_from_what_another_process_reported(cls):
    error = errors.again(cls.reason, "a message", {"key": "value"})
    assert type(error) is cls
    assert (error.message, str(error), error.metadata) == (
        "a message",
        "a message",
        {"key": "value"},
    )


def test_an_unknown_reason_is_a_failure_of_the_trainer():
    assert type(errors.again("OF_A_NEWER_CHILD", "a message", {})) is errors.TrainerFailed


def test_a_bad_request_says_all_that_is_bad_in_its_message():
    error = errors.InvalidRequest([Violation("epochs", "is 0"), Violation("seed", "is -1")])
    assert error.message == "epochs is 0; seed is -1."


@pytest.mark.parametrize(
    ("number", "cls"),
    [
        (errno.ENOSPC, errors.DiskFull),
        (errno.EDQUOT, errors.DiskFull),
        (errno.EROFS, errors.StateUnwritable),
        (errno.EACCES, errors.StateUnwritable),
    ],
)
def test_a_fault_in_writing_is_told_by_its_kind_with_the_directory(number, cls, tmp_path):
    error = errors.disk_error(OSError(number, "why"), tmp_path)
    assert type(error) is cls
    assert str(tmp_path) in error.message
    assert error.metadata == {"directory": str(tmp_path)}
