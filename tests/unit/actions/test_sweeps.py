"""Sweeps on scripted runners: which block is run when, what ends, and what goes on."""

import dataclasses
import itertools
from collections import Counter
from random import Random

import pytest

from orchestrator.actions.repeat import Plan
from orchestrator.actions.shown import only_comparison, shown
from orchestrator.actions.sweeps import blocks, train
from orchestrator.actions.sweeps.blocks import Cell, Queue
from orchestrator.errors import BadInput, Refused
from orchestrator.figures.drawing import Drawing
from orchestrator.page import of_sweep
from orchestrator.reports.writers import plain
from orchestrator.results import history
from orchestrator.runners.placement import rounds
from orchestrator.settings.grid import Grid
from orchestrator.storage import about, shelf, store, sweeping
from orchestrator.storage.about import Kind
from orchestrator.storage.running import making
from tests.builders.scripted import BOTH
from tests.builders.stored import create
from tests.builders.sweeping import Client, Runners, ratio_at, request, swept
from tests.integration.undrawn import NoRenderer
from tests.waiting import Clock

SIZES = Grid({"batch_size": [16, 64, 256, 1024]}, {})
TWO = Grid({"batch_size": [16, 64]}, {})


@pytest.fixture(autouse=True)
def undrawn(monkeypatch):
    monkeypatch.setattr(train, "Renderer", NoRenderer)
    monkeypatch.setattr("orchestrator.figures.sweeps.canvases", lambda _found: [])


def sizes(client):
    return [spec.batch_size for spec in client.trained]


def text(run):
    return plain.report(shown(run).parts(), width=10_000)


def test_over_two_rounds_every_cell_has_the_same_mean_place():
    names = list("abcde")
    drawn = rounds(names, Random(0))
    for _ in range(3):
        first, second = next(drawn), next(drawn)
        assert sorted(first) == names
        assert {first.index(n) + second.index(n) for n in names} == {len(names) - 1}


def test_blocks_are_run_in_turn_over_the_grid(tmp_path):
    client = Client("pytorch")
    swept(tmp_path, SIZES, client, Client("tensorflow"), repeats=2)
    found = sizes(client)
    assert sorted(found[:4]) == [16, 64, 256, 1024]
    assert found[4:] == found[3::-1]  # not all blocks of one cell first


def test_a_crossover_is_found_shown_and_listed(tmp_path):
    clients = Client("pytorch"), Client("tensorflow", ratio_at(150, seed=1))
    outcome = swept(tmp_path, SIZES, *clients, repeats=8)
    (line,) = outcome.found.lines
    (crossover,) = line.crossovers
    assert crossover.low <= 150 <= crossover.high
    assert "TensorFlow is faster where batch_size is below about 1" in line.sentence
    assert line.sentence in text(outcome.run)
    assert history.entry(outcome.run).finding == line.sentence
    page = outcome.run.page_path.read_text()
    assert "TensorFlow is faster where batch_size is below" in page
    assert "batch_size=16/report.html" in page
    assert "--set batch_size=16,64,256,1024" in page


def test_a_cell_that_fails_gets_no_more_blocks_and_ends_no_other(tmp_path):
    client = Client("pytorch", fails=lambda spec: spec.batch_size == 64)
    outcome = swept(tmp_path, SIZES, client, Client("tensorflow"), repeats=3)
    assert Counter(sizes(client)) == {16: 3, 64: 1, 256: 3, 1024: 3}
    (fault,) = outcome.faults
    assert fault.startswith("batch_size=64: ")
    assert "no memory is left" in outcome.found.sentences[0]
    assert not outcome.interrupted
    assert "no verdict" in text(outcome.run)


def test_the_cell_with_the_widest_interval_gets_the_next_block(tmp_path):
    swings = itertools.cycle([0.9, 1.1])

    def noisy(spec, _number):
        return next(swings) if spec.batch_size == 64 else 1.0

    client = Client("pytorch", noisy)
    swept(tmp_path, TWO, client, Client("tensorflow"), repeats=1, precision=0.08)
    found = Counter(sizes(client))
    assert found[16] == 6  # what an interval takes, and no more
    assert found[64] > 6


def test_until_sure_ends_with_its_time(tmp_path, monkeypatch):
    clock = Clock()
    monkeypatch.setattr(blocks, "time", clock)
    cells = [Cell(create(tmp_path), {1, 2, 3, 4, 5, 6}, width=width) for width in (0.1, 0.3)]
    queue = Queue(Plan(1, precision=0.02, most_seconds=60.0), cells, 2, "seed")
    several = iter(queue)
    assert next(several) == (cells[1], 7)
    cells[1].width = 0.05
    assert next(several) == (cells[0], 7)
    clock.move(61)
    assert next(several, None) is None
    assert queue.late
    assert queue.is_over(cells[0], 7)
    assert not queue.is_over(cells[0], 6)  # of the rounds, which an interval takes
    for cell in cells:  # what ran meanwhile has made them sure
        cell.width = 0.01
    assert next(several, None) is None
    assert not queue.late
    assert queue.is_over(cells[0], 7)


def test_the_order_of_a_block_is_the_same_when_a_sweep_goes_on(tmp_path):
    asked = request(tmp_path, TWO)
    run = create(tmp_path, spec=next(iter(asked.jobs.values())))
    cell = Cell(run, done={1, 2})
    orders = [
        [each.side for each in blocks.placed(cell, 3, asked.sides, asked.plan, "seed")]
        for _ in range(2)
    ]
    assert orders[0] == orders[1]
    assert cell.next == 3


def test_what_had_not_ended_is_ended_at_its_runner_and_run_again(tmp_path):
    first = swept(tmp_path, TWO, repeats=1)
    cell = store.Run(first.run.path / "batch_size=64")
    (cell.path / "logits" / "tensorflow-1.safetensors").unlink()  # it was not fetched
    kept = (first.run.path / "batch_size=16" / "events" / "pytorch-1.jsonl").stat().st_mtime_ns
    job = cell.job("tensorflow", 1).job_id
    clients = [Client(name) for name in BOTH]
    swept(tmp_path, TWO, *clients)
    assert [sizes(client) for client in clients] == [[64], [64]]  # the whole block
    assert job in clients[1].ended
    after = (first.run.path / "batch_size=16" / "events" / "pytorch-1.jsonl").stat().st_mtime_ns
    assert after == kept
    assert len(cell.trials()) == 2


def test_a_sweep_that_was_finished_has_nothing_left(tmp_path):
    swept(tmp_path, TWO, repeats=1)
    clients = [Client(name) for name in BOTH]
    outcome = swept(tmp_path, TWO, *clients)
    assert not clients[0].trained
    assert not outcome.faults


def refused(run):
    with pytest.raises(BadInput) as error:
        train.resume(run, Runners(*map(Client, BOTH)), None)
    return str(error.value)


def test_what_cannot_go_on_says_why(tmp_path):
    outcome = swept(tmp_path / "a", TWO, repeats=1)
    run = outcome.run
    with making(run):
        assert "being made by another command" in refused(run)
    plan = sweeping.the_plan(run)
    sweeping.write(run, dataclasses.replace(plan, builds={**plan.builds, "pytorch": "other"}))
    assert "another build of the runner of PyTorch" in refused(run)
    about.change(run.path, host="elsewhere")
    assert "was begun on elsewhere" in refused(run)
    assert "has no plan" in refused(create(tmp_path / "c", kind=Kind.SWEEP))


def test_a_job_that_a_runner_refuses_is_refused_before_anything_runs(tmp_path):
    class Strict(Client):
        def validate(self, spec):
            if spec.batch_size > 64:
                raise Refused([("batch_size", f"is {spec.batch_size}; too large here")])
            return spec

    client = Strict("pytorch")
    with pytest.raises(BadInput) as error:
        swept(tmp_path, SIZES, client, Client("tensorflow"))
    said = str(error.value)
    assert "batch_size=256: " in said
    assert "batch_size=1024: " in said
    assert not client.trained
    assert not shelf.runs(tmp_path)


def test_its_trials_are_not_pooled_and_each_cell_is_a_run(tmp_path):
    run = swept(tmp_path, TWO, repeats=1).run
    with pytest.raises(BadInput, match="batch_size=64"):
        only_comparison(run)
    assert only_comparison(store.Run(run.path / "batch_size=16")).trials
    assert list(shown(run).comparisons) == ["batch_size=16", "batch_size=64"]


def test_over_devices_it_shows_how_each_side_scales(tmp_path):
    grid = Grid({"devices": [1, 2]}, {})
    clients = [Client(name, lambda spec, _number: 1.0 / spec.devices) for name in BOTH]
    outcome = swept(tmp_path, grid, *clients, repeats=6)
    report, page = text(outcome.run), outcome.run.page_path.read_text()
    assert "2               6,400  2.00 (2.00 to 2.00)       100 %       6  faster" in report
    assert "PyTorch by number of devices" in report
    assert "How each side scales" in page
    assert "TensorFlow by number of devices" in page


def test_a_figure_on_its_page_says_how_to_read_it():
    drawing = Drawing("scaling-1", "t", (0, 0, 1, 1), b"<svg/>", b"")
    assert "ratio" in of_sweep._how_to_read(dataclasses.replace(drawing, name="ratio-over-devices"))
    assert of_sweep._how_to_read(drawing).startswith("Points: the median on the side's fewest")
