"""Sweeps over machines of scripted runners: one queue, what fails, and what goes on."""

import itertools
import threading

import pytest

from orchestrator.actions.cluster import train as clusters
from orchestrator.actions.compare import raise_for
from orchestrator.actions.sweeps import train, work
from orchestrator.actions.sweeps.finish import compared_in
from orchestrator.certificate import certificate_file
from orchestrator.certificate.certificates import Certificates
from orchestrator.errors import BadInput, CannotRun, JobFailed, RunnerUnavailable
from orchestrator.language.phrases import stored
from orchestrator.reports.reproduction import of_sweep
from orchestrator.results.sweeps import as_dict
from orchestrator.runners.progress import Lines
from orchestrator.settings.grid import Grid
from orchestrator.storage import blocks, clustering, store
from tests.builders.over import swept_over
from tests.builders.proofs import made as certificate
from tests.builders.sweeping import Client, Dying, Patient, request
from tests.builders.swept import cells, counts, every_block_once
from tests.waiting import HANG_SECONDS

TWO = Grid({"batch_size": [16, 64]}, {})


def test_blocks_of_all_cells_are_one_queue_and_machines_a_random_effect(tmp_path, machines):
    first, second = Client("pytorch"), Client("pytorch")
    said = []
    outcome = swept_over(tmp_path / "runs", machines(a=first, b=second), said=said, repeats=8)
    every_block_once(outcome.run, 8)
    shown = [text.partition(":")[0] for text in said if text.startswith("block ")]
    assert shown == [f"block {number} of 24" for number in range(1, 25)]
    assert len(first.trained) + len(second.trained) == 24
    assert first.trained, second.trained
    for cell in compared_in(outcome.run).values():
        assert cell.verdict.machines == 2
        assert cell.machines.blocks.keys() == {"a", "b"}
    found = as_dict(outcome.found)
    assert [len(each["ratios"][0]["machines"]) for each in found["cells"]] == [8] * 3
    assert not any((cell.path / "running").exists() for cell in cells(outcome.run).values())


def test_blocks_begin_in_the_rounds_of_the_sweep(tmp_path, machines):
    client = Client("pytorch")
    swept_over(tmp_path / "runs", machines(a=client), repeats=2)
    found = [spec.batch_size for spec in client.trained]
    assert sorted(found[:3]) == [16, 64, 256]
    assert found[3:] == found[2::-1]


def test_the_blocks_of_a_cell_are_spread_over_the_machines(tmp_path, machines):
    """Planted: the first block takes longer, so that each machine would stay with its cell."""
    taken, both = threading.Event(), threading.Barrier(2, timeout=HANG_SECONDS)

    class Slow(Client):
        def watch(self, job_id, after=0):
            if len(self.trained) == 2:
                taken.set()
                both.wait()
            elif self is slow:
                assert taken.wait(HANG_SECONDS)
            return super().watch(job_id, after)

    slow = Slow("pytorch")
    source = machines(a=slow, b=Slow("pytorch"))
    outcome = swept_over(tmp_path / "runs", source, TWO, repeats=2)
    for cell in cells(outcome.run).values():
        assert set(blocks.machines(cell.path).values()) == {"a", "b"}


def test_a_machine_that_fails_costs_its_block_and_three_times_is_left_out(tmp_path, machines):
    said = []
    dying = Dying("pytorch", times=99)
    outcome = swept_over(
        tmp_path / "runs", machines(a=Patient("pytorch", dying), b=dying), said=said, repeats=4
    )
    every_block_once(outcome.run, 4)
    assert outcome.ended is None
    assert not outcome.faults
    failures = [e for c in cells(outcome.run).values() for e in blocks.blocks(c.path) if e.failed]
    assert [each.machine for each in failures] == ["b"] * 3
    assert len(dying.trained) == 3
    assert "b is left out from now on" in said
    assert any("b failed in block 1 of batch_size=" in text for text in said)


def test_a_cell_that_fails_gets_no_more_blocks_and_ends_no_other(tmp_path, machines):
    def fails(spec):
        return spec.batch_size == 64

    clients = [Client("pytorch", fails=fails) for _ in range(2)]
    outcome = swept_over(tmp_path / "runs", machines(a=clients[0], b=clients[1]), repeats=4)
    found = counts(outcome.run)
    assert found["batch_size=16"] == found["batch_size=256"] == dict.fromkeys(range(1, 5), 2)
    assert len(found["batch_size=64"]) <= 2  # another one may have run on the other machine
    assert all(fault.startswith("batch_size=64: ") for fault in outcome.faults)
    again = swept_over(tmp_path / "runs", machines(a=Client("pytorch")))
    assert sorted(again.faults) == sorted(outcome.faults), "what failed before is not told again"
    with pytest.raises(JobFailed, match=r"batch_size=64: pytorch: the job .* failed"):
        raise_for([again])


def test_until_sure_gives_the_widest_cell_its_blocks_on_all_machines(tmp_path, machines):
    swings = itertools.cycle([0.9, 1.1])

    def noisy(spec, _number):
        return next(swings) if spec.batch_size == 64 else 1.0

    several = {name: Client("pytorch", noisy) for name in "abc"}
    source = machines(**several)
    outcome = swept_over(
        tmp_path / "runs", source, TWO, repeats=1, precision=0.15, most_seconds=60.0
    )
    found = {name: len(each) for name, each in counts(outcome.run).items()}
    assert found["batch_size=16"] == 6
    assert found["batch_size=64"] > 6
    assert {n for each in counts(outcome.run).values() for n in each.values()} == {2}


def test_what_a_killed_command_left_goes_on_without_a_block_twice(tmp_path, machines):
    first = swept_over(
        tmp_path / "runs", machines(a=Client("pytorch"), b=Client("pytorch")), repeats=3
    )
    cell = store.Run(first.run.path / "batch_size=64")
    for path in cell.path.glob("events/*-2.jsonl"):  # as if it had run when the command was killed
        path.unlink()
    half = clustering.begin(cell, 3, "b")
    client = Client("pytorch")
    said = []
    missing = {"b": stored("it is away")}
    outcome = swept_over(tmp_path / "runs", machines(a=client, missing=missing), said=said)
    every_block_once(outcome.run, 3)
    assert [spec.batch_size for spec in client.trained] == [64]
    assert not half.path.exists()
    assert "MACHINE_FAILED" in {
        each.code for several in outcome.found.warnings.values() for each in several
    }


def test_machines_of_another_kind_do_not_go_on_with_it(tmp_path, machines):
    swept_over(tmp_path / "runs", machines(facts={"cpu": "old"}, a=Client("pytorch")), repeats=1)
    with pytest.raises(BadInput, match="cpu: 'old' on then; 'new' on now"):
        swept_over(tmp_path / "runs", machines(facts={"cpu": "new"}, a=Client("pytorch")))


def test_a_file_of_hosts_that_is_gone_is_named_with_what_to_do(tmp_path, machines):
    source = machines(a=Client("pytorch"))
    run = swept_over(tmp_path / "runs", source, repeats=1).run
    source.file.rename(tmp_path / "moved.toml")
    with pytest.raises(BadInput, match=r"not there any more; .*--cluster FILE"):
        swept_over(tmp_path / "runs", source)
    moved = str(tmp_path / "moved.toml")
    assert train.resume_over(run, moved, Lines(lambda _: None)).run == run
    assert clustering.plan_of(run).hosts == moved


def test_a_cell_alone_does_not_go_on(tmp_path, machines):
    run = swept_over(tmp_path / "runs", machines(a=Client("pytorch")), repeats=1).run
    with pytest.raises(BadInput, match=r"is a cell of a sweep.*orchestrator resume"):
        clusters.resumable(store.Run(run.path / "batch_size=64"))


def test_its_page_says_the_command_with_its_cluster(tmp_path, machines):
    outcome = swept_over(tmp_path / "runs", machines(a=Client("pytorch")), repeats=2)
    compared = list(compared_in(outcome.run).values())
    lines = of_sweep(outcome.found, compared, outcome.run.about()).lines
    assert any("--cluster hosts.toml" in line for line in lines)


@pytest.fixture
def certifying(monkeypatch, machines):
    """Certificates are made of nothing; the first of batch size 64 by what is ``raised``."""
    made = []

    def certifying(raised):
        def certified(request, run, _runners, _display):
            made.append((run.path.name, len(made)))
            if request.spec.batch_size == 64 and raised:
                raise raised.pop()
            return Certificates([certificate()])

        monkeypatch.setattr(work, "certified", certified)
        monkeypatch.setattr(work, "is_to_be_the_same", lambda _request: True)
        monkeypatch.setattr(work, "settle", lambda *_: None)
        return made

    return certifying


def test_a_certificate_that_could_not_be_made_is_made_when_it_goes_on(
    tmp_path, machines, certifying
):
    made = certifying([CannotRun(stored("no network"))])
    source = machines(a=Client("pytorch"))
    asked = request(tmp_path / "runs", TWO, repeats=1)
    object.__setattr__(asked, "certify", True)
    outcome = train.sweep_over(asked, source, Lines(lambda _: None))
    cell = store.Run(outcome.run.path / "batch_size=64")
    assert not certificate_file.is_made(cell)
    assert [name for name, _ in made] == ["batch_size=16", "batch_size=64"]
    swept_over(tmp_path / "runs", machines(b=Client("pytorch")))
    assert certificate_file.is_made(cell)
    assert [name for name, _ in made][2:] == ["batch_size=64"]
    assert clustering.plan_of(cell).certified_on == "b"
    other = store.Run(outcome.run.path / "batch_size=16")
    assert clustering.plan_of(other).certified_on == "a"


def test_a_job_that_cannot_run_is_the_fault_of_its_cell_and_of_no_machine(
    tmp_path, machines, certifying
):
    class Lacking(Client):
        def watch(self, job_id, after=0):
            if self.jobs[job_id].batch_size == 64:
                raise CannotRun(stored("no data"))
            return super().watch(job_id, after)

    certifying([CannotRun(stored("no data"))])
    asked = request(tmp_path / "runs", TWO, repeats=2)
    object.__setattr__(asked, "certify", True)
    outcome = train.sweep_over(asked, machines(a=Lacking("pytorch")), Lines(lambda _: None))
    assert outcome.ended is None
    assert counts(outcome.run)["batch_size=16"] == {1: 2, 2: 2}
    assert outcome.faults == ["batch_size=64: no data"]


def test_without_a_machine_it_ends_with_why_and_can_go_on(tmp_path, machines):
    said = []
    outcome = swept_over(
        tmp_path / "runs", machines(a=Dying("pytorch", times=99)), said=said, repeats=1
    )
    assert isinstance(outcome.ended, RunnerUnavailable)
    assert any("orchestrator resume" in text for text in said)
    again = swept_over(tmp_path / "runs", machines(a=Client("pytorch")))
    every_block_once(again.run, 1)
