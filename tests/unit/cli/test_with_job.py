"""Which of several runners of a framework has a job."""

from types import SimpleNamespace

import pytest

from orchestrator.cli.commands.looking import _with_job
from orchestrator.errors import BadInput, RunnerUnavailable

JOB = "pytorch-7"
PLAIN, OF_VERSION = "pytorch", "pytorch-2.13"


class Runners:
    def __init__(self, **faults):
        self.faults = faults

    def get(self, name):
        fault = self.faults.get(name.replace("-", "_").replace(".", "_"))

        def job(_job_id):
            if fault:
                raise fault

        return SimpleNamespace(name=name, job=job)


def found(names, runners):
    places = SimpleNamespace(addresses=dict.fromkeys(names, "a:1"))
    return _with_job(JOB, runners, SimpleNamespace(places=lambda _: places))[0]


@pytest.mark.parametrize("names", [(PLAIN, OF_VERSION), (OF_VERSION, PLAIN)])
@pytest.mark.parametrize("fault", [BadInput("no such job"), RunnerUnavailable("it is down")])
def test_the_order_of_the_runners_does_not_matter(names, fault):
    assert found(names, Runners(pytorch=fault)) == OF_VERSION


@pytest.mark.parametrize("names", [(PLAIN, OF_VERSION), (OF_VERSION, PLAIN)])
def test_where_none_that_answers_has_it_the_one_that_is_down_is_told(names):
    runners = Runners(pytorch=RunnerUnavailable("it is down"), pytorch_2_13=BadInput("no such job"))
    with pytest.raises(RunnerUnavailable, match="it is down"):
        runners.get(found(names, runners)).job(JOB)
