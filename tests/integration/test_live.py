"""What the page's server streams of jobs, from real runners on fake frameworks."""

import signal
from pathlib import Path

import pytest

from orchestrator.language.phrases import say, speaking
from orchestrator.live import texts
from orchestrator.live.follow import Board, Follower
from orchestrator.live.state import Runner
from orchestrator.runners.progress import describe
from orchestrator.settings.config import Places
from tests.builders.live import Page, ended, live
from tests.builders.runners import default_port
from tests.waiting import eventually


def flags(runner) -> tuple[str, str]:
    return f"--pytorch={runner.address}", "--tensorflow=127.0.0.1:1"


def described(runner, job) -> list[str]:
    """The lines of the job's log, from the runner itself."""
    lines: list[str] = []
    for event in runner.watch(job):
        line = describe("pytorch", event)
        if line is not None and line != (lines or [""])[-1]:
            lines.append(line)
    return lines


def test_a_job_is_followed_from_its_start_to_its_final_numbers(start, tmp_path):
    runner = start("gated")
    page = Page()
    with live(tmp_path, *flags(runner)) as server:
        job = runner.train()
        shares = []

        def half(page):
            shares.append(_share(page, job))
            return shares[-1] == 0.5

        page.until(server, half)
        runner.open("epoch-1")
        page.until(server, ended(job.job_id))
    assert shares[0] != 0.5, "it grew before the eyes"
    found = page.jobs[job.job_id]
    assert found["state"] == "finished"
    assert found["progress"] == "epoch 2 of 2"
    assert [line["text"] for line in page.lines[job.job_id]] == described(runner, job)
    losses = [loss for e in runner.watch(job) for loss in e.steps_finished.losses]
    assert [point[1] for point in page.losses[job.job_id]] == pytest.approx(losses, rel=1e-5)


def _share(page, job):
    return page.jobs.get(job.job_id, {}).get("share")


def test_a_page_that_comes_back_gets_the_rest_without_gap_or_repeat(start, tmp_path):
    runner = start("gated")
    job = runner.train(epochs=6)
    page, visits = Page(), 0
    with live(tmp_path, *flags(runner)) as server:
        while not ended(job.job_id)(page):
            known = page.last_id
            page.until(server, lambda p, known=known: p.last_id != known)
            visits += 1
            trained = len(page.losses.get(job.job_id, [])) // 10
            runner.open(f"epoch-{trained}")  # the next; so that no visit sees more than one
    assert visits >= 6
    assert [line["text"] for line in page.lines[job.job_id]] == described(runner, job)
    assert len(page.losses[job.job_id]) == 60


def test_a_server_that_was_killed_goes_on_where_the_page_left_off(start, tmp_path):
    runner = start("slow")
    job = runner.train()
    page = Page()
    with live(tmp_path, *flags(runner)) as server:
        page.until(server, lambda p: len(p.losses.get(job.job_id, [])) >= 5)
        port = server.port
        server.process.kill()
    before = list(page.lines[job.job_id])
    with live(tmp_path, *flags(runner), f"--port={port}") as server:
        page.until(server, ended(job.job_id))
    assert page.lines[job.job_id][: len(before)] == before
    assert [line["text"] for line in page.lines[job.job_id]] == described(runner, job)
    assert len(page.losses[job.job_id]) == 20


def test_jobs_that_ended_before_are_read_and_the_newest_is_first(start, tmp_path):
    runner = start()
    first, second = (runner.wait(runner.train(seed=seed)) for seed in (1, 2))
    page = Page()
    with live(tmp_path, *flags(runner)) as server:
        page.until(server, lambda p: ended(first.job_id)(p) and ended(second.job_id)(p))
    assert [group["jobs"] for group in page.overview["groups"]] == [
        [second.job_id],
        [first.job_id],
    ]


def test_the_same_job_on_both_frameworks_is_one_group(start, tmp_path):
    runners = [start(name="p"), start(name="t", framework="tensorflow")]
    jobs = [runner.wait(runner.train(seed=1)).job_id for runner in runners]
    page = Page()
    addresses = [
        f"--{name}={runner.address}"
        for name, runner in zip(("pytorch", "tensorflow"), runners, strict=True)
    ]
    with live(tmp_path, *addresses) as server:
        page.until(server, lambda p: all(ended(job)(p) for job in jobs))
    assert [group["jobs"] for group in page.overview["groups"]] == [jobs]


def test_a_runner_that_another_process_started_is_found_lost_and_found_again(
    start, tmp_path, monkeypatch
):
    default_port(monkeypatch, 1)  # nobody listens there
    places = Places(state_home=tmp_path)  # where one announces its address
    board = Board()
    follower = Follower("pytorch", places, board)
    follower.start()
    try:
        runner = start("slow", name="pytorch")
        assert eventually(lambda: _runner(board).address == runner.address)
        job = runner.train(epochs=10_000)
        assert eventually(lambda: _steps(board, job))
        runner.stop(signal.SIGKILL)
        assert eventually(lambda: board.live.lost(board.live.jobs[job.job_id]))
        again = start("slow", name="pytorch")
        assert eventually(lambda: not board.live.jobs[job.job_id].active)
        assert _runner(board).address == again.address
        assert "was started again" in board.live.jobs[job.job_id].error
    finally:
        follower.stop()


def _runner(board: Board) -> Runner:
    return board.live.runners["pytorch"]


def _steps(board: Board, job) -> int:
    known = board.live.jobs.get(job.job_id)
    return known.steps if known else 0


def _text(page) -> str:
    return page.overview["runners"][0]["text"]


def test_neither_a_runner_nor_a_job_is_started(start, tmp_path):
    runner = start(name="elsewhere")
    with live(tmp_path, *flags(runner)) as server:
        page = Page()
        page.until(server, lambda p: _text(p).startswith("at "))
        job = runner.train().job_id
        page.until(server, lambda p: job in p.jobs)  # so that it has looked for jobs again
        children = Path(f"/proc/{server.process.pid}/task").glob("*/children")
        assert not "".join(path.read_text() for path in children)
    assert [path.name for path in (runner.state_dir / "jobs").glob("*")] == [job]
    assert not (tmp_path / "state").exists()


def test_the_page_and_its_log_speak_the_language_that_was_asked_for(start, tmp_path):
    runner = start()
    job = runner.wait(runner.train(seed=1))
    page = Page()
    with live(tmp_path, *flags(runner), "--lang=zh-TW") as server:
        page.until(server, ended(job.job_id))
        text = server.ask().text
    assert '<html lang="zh-TW">' in text
    with speaking("zh-TW"):
        assert say(texts.PAGE["waiting"]) in text
        assert page.jobs[job.job_id]["state"] == "已完成"
        assert [line["text"] for line in page.lines[job.job_id]] == described(runner, job)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_ends_it_at_once_with_code_0_while_pages_and_jobs_are_followed(
    start, tmp_path, number
):
    runner = start("slow")
    job = runner.train(epochs=10_000)
    with live(tmp_path, *flags(runner)) as server:
        pages = [Page(), Page()]
        streams = [page.follow(server) for page in pages]
        for stream, page in zip(streams, pages, strict=True):
            assert any(page.losses.get(job.job_id) for _ in stream)
        code, _, stderr = server.stop(number)  # long before the job
        assert (code, stderr) == (0, "")
        for stream in streams:
            list(stream)  # which ends
