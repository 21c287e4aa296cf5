"""The gates of one client's jobs, where Ctrl-C strikes between any two lines."""

import copy
import sys
from pathlib import Path

from twinrun.contract.converters.specs import spec_to_proto
from twinrun.v1 import job_pb2

from orchestrator.gate import gates
from orchestrator.settings import config
from services.runner.validation import valid_spec
from tests.builders.lying import report

_FOLDER = str(Path(gates.__file__).parent)
_EVENTS = 4  # in which it strikes
_FEW = 7  # lines from one strike to the next: all of them take long


def struck(use, line):
    """Interrupt ``use`` at this line of the gate's modules; return whether it came to that."""
    left = line

    def trace(frame, event, _):
        nonlocal left
        if not frame.f_code.co_filename.startswith(_FOLDER):
            return None
        if event == "line":
            left -= 1
            if left == 0:
                raise KeyboardInterrupt
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        use()
    except KeyboardInterrupt:
        return True
    finally:
        sys.settrace(before)
    return False


def test_what_ctrl_c_leaves_of_an_admission_hinders_no_other_one():
    sizes = {"train_samples": 95, "test_samples": 20, "height": 4, "width": 4}
    fields = {"dataset.synthetic": sizes, "epochs": 1, "threads": 1}
    of = spec_to_proto(valid_spec(config.job_spec("synthetic-mlp", fields), 2))
    told = report(of, job_pb2.JOB_KIND_TRAIN).events
    job = job_pb2.Job(job_id="pytorch-1", kind=job_pb2.JOB_KIND_TRAIN, spec=of)
    job.state = told[-1].state_changed.state
    line, strikes, later = 1, 0, set()
    while True:
        known = gates.Gates("pytorch", "127.0.0.1:1")
        gate = known.of(job.job_id, lambda _: job)
        events = copy.deepcopy(told[:_EVENTS])
        if not struck(lambda: [gate.admit(event) for event in events], line):  # noqa: B023
            break
        again = known.of(job.job_id, lambda _: job, after=gate.sequence)
        later.add(again.sequence)
        for event in copy.deepcopy(told[again.sequence :]):
            again.admit(event)
        again.end(job)
        line, strikes = line + (1 if strikes < 300 else _FEW), strikes + 1
    assert strikes > 100
    assert 0 in later
