"""A comparison over machines that goes on: what the command before had said is not forgotten."""

from contextlib import contextmanager

import pytest

from orchestrator.actions import compare
from orchestrator.actions.cluster import train
from orchestrator.actions.cluster.meeting import Machines, Met
from orchestrator.actions.cluster.sources import HostsFile
from orchestrator.actions.compare import ComparisonRequest
from orchestrator.actions.repeat import Plan
from orchestrator.certificate import certificate_file
from orchestrator.certificate.certificates import Certificates, none_made
from orchestrator.errors import BadInput
from orchestrator.language.phrases import stored
from orchestrator.runners.progress import Lines
from orchestrator.settings.config import Places
from orchestrator.settings.hosts import Host
from orchestrator.storage import clustering, store
from orchestrator.storage.running import is_running, making
from orchestrator.trials.sides import sides
from tests.builders.proofs import made
from tests.builders.scripted import BOTH
from tests.builders.stored import create
from tests.builders.sweeping import SPEC_OF_ONE, Client, Runners
from tests.integration.undrawn import NoRenderer

QUIET = Lines(lambda _: None)


@pytest.fixture
def source(monkeypatch, tmp_path):
    """Makes a file of one machine, of which PyTorch's runner is given."""
    monkeypatch.setattr(train, "Renderer", NoRenderer)
    monkeypatch.setattr(compare, "settle", lambda *_: None)
    file = tmp_path / "hosts.toml"
    file.write_text('[hosts.a]\npytorch = "a:1"\ntensorflow = "a:2"\n')

    def source(client, name="a"):
        met = Met(Host(name, Places()), Runners(client, Client("tensorflow")), {})

        @contextmanager
        def meet(_source, _names, _display):
            yield Machines({name: met}, {})

        monkeypatch.setattr(train, "meet", meet)
        return HostsFile(file)

    return source


def compared(home, source, *, certify=False):
    asked = ComparisonRequest(*("w", SPEC_OF_ONE, sides(BOTH), home), certify=certify, plan=Plan(2))
    return train.compare_over(asked, source, QUIET)


def test_the_report_has_the_faults_of_blocks_that_ended_before(source, tmp_path):
    first = compared(tmp_path / "runs", source(Client("pytorch", fails=lambda _: True)))
    assert len(first.faults) == 2
    source(Client("pytorch"))
    assert train.resume(first.run, None, QUIET).faults == first.faults


def test_a_certificate_that_could_not_be_made_is_made_by_a_command_that_goes_on(
    source, tmp_path, monkeypatch
):
    monkeypatch.setattr(compare, "is_to_be_the_same", lambda _request: True)
    unmade = Certificates([none_made(stored("it was cut short"), *BOTH)])
    several = [Certificates([made()]), unmade]
    monkeypatch.setattr(compare, "certified", lambda *_: several.pop())
    run = compared(tmp_path / "runs", source(Client("pytorch")), certify=True).run
    assert not certificate_file.is_made(run)
    source(Client("pytorch"), "b")
    train.resume(run, None, QUIET)
    assert certificate_file.is_made(run)
    assert clustering.plan_of(run).certified_on == "b"
    source(Client("pytorch"), "c")
    train.resume(run, None, QUIET)  # nothing is popped: it is kept
    assert clustering.plan_of(run).certified_on == "b"


def test_a_run_that_another_command_took_up_meanwhile_is_left_as_it_is(
    source, tmp_path, monkeypatch
):
    run = compared(tmp_path / "runs", source(Client("pytorch"))).run
    half = run.path / store.CERTIFICATE
    half.mkdir()
    meet = train.meet

    @contextmanager
    def slowly(*given):
        with making(run), meet(*given) as machines:
            yield machines

    with monkeypatch.context() as patched:
        patched.setattr(train, "meet", slowly)
        with pytest.raises(BadInput, match="is being made by another command"):
            train.resume(run, None, QUIET)
    assert half.exists()


def test_a_run_is_changed_only_by_the_command_that_makes_it(source, tmp_path, monkeypatch):
    run = compared(tmp_path / "runs", source(Client("pytorch"))).run
    held = []
    take_up = train.take_up

    def noted(*given):
        held.append(is_running(run.path))
        return take_up(*given)

    monkeypatch.setattr(train, "take_up", noted)
    train.resume(run, None, QUIET)
    assert held == [True]


def test_a_file_of_hosts_that_is_gone_is_named_and_another_one_may_be(source, tmp_path):
    hosts = source(Client("pytorch"))
    run = compared(tmp_path / "runs", hosts).run
    moved = hosts.file.rename(tmp_path / "moved.toml")
    with pytest.raises(BadInput, match=r"hosts\.toml, which is not there any more") as error:
        train.resume(run, None, QUIET)
    assert f"orchestrator resume {run.path} --cluster FILE" in str(error.value)
    assert not train.resume(run, str(moved), QUIET).cut_short


def test_a_certificate_of_which_one_pair_was_not_made_is_not_whole(tmp_path):
    run = create(tmp_path)
    several = Certificates([made(), none_made(stored("no network"), *BOTH)])
    run.write_certificate(certificate_file.as_dict(several))
    assert not certificate_file.is_made(run)
    run.write_certificate(certificate_file.as_dict(Certificates([made()])))
    assert certificate_file.is_made(run)
