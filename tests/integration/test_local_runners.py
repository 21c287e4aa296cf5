"""Runners that commands start: who uses them, when they end, and whose files they keep."""

import os
import signal
import stat
import threading
from contextlib import closing, contextmanager

import pytest
from twinrun.contract import state_dir
from twinrun.v1 import job_pb2

from orchestrator.errors import RunnerUnavailable
from orchestrator.runners import local
from orchestrator.runners.finding import Runners
from orchestrator.settings.config import Places
from tests.builders.runners import (
    default_port,
    end_an_idle_one,
    eventually,
    fake_environment,
    marked,
    small_spec,
)
from tests.integration.fake_runner import LINGER

ALIVE = "TWINRUN_TEST_LOCAL"
AS_ROOT = os.geteuid() == 0


@pytest.fixture
def places(tmp_path, monkeypatch):
    """Where nothing listens at the default port, with a fake that starts as the framework."""
    default_port(monkeypatch, 1)
    monkeypatch.setenv(ALIVE, str(tmp_path))
    monkeypatch.setenv(LINGER, "0.6")
    fake_environment(tmp_path, "slow")
    yield Places(state_home=tmp_path / "home", environments=tmp_path)
    assert eventually(lambda: not marked(f"{ALIVE}={tmp_path}"))


@contextmanager
def command(places, said=None):
    """One command's runners."""
    with closing(Runners(places, (said if said is not None else []).append)) as runners:
        yield runners


def whole(client, **changes):
    """A small job as it is asked for: completed."""
    return client.validate(small_spec(**changes))


def home(places):
    return places.state_home / "pytorch"


# ---------------------------------------------------------------------------- who ends it, when


def test_a_runner_that_nobody_else_uses_ends_with_the_command_that_started_it(places):
    with command(places) as runners:
        runners.get("pytorch")
        pid = runners.process_id("pytorch")
        assert runners.taken()["pytorch"]["pid"] in (pid, None)  # None: not on Linux
        assert runners.taken()["pytorch"]["started_by_this_command"] is True
    assert local.holder("pytorch", places) is None
    assert not (home(places) / "address").exists()


def test_the_first_of_two_commands_to_end_leaves_the_runner_to_the_other(places):
    with command(places) as second:
        with command(places) as first:
            address = first.get("pytorch").address
            client = second.get("pytorch")
        assert client.address == address
        assert second.taken()["pytorch"]["started_by_this_command"] is False
        # It would linger for a moment only, were it not for the lease.
        job = client.train(whole(client, seed=1), "")
        assert [e.state_changed.state for e in client.watch(job.job_id)][-1] == succeeded()
        assert local.holder("pytorch", places)
    assert eventually(lambda: local.holder("pytorch", places) is None)


def succeeded():
    return job_pb2.JOB_STATE_SUCCEEDED


def test_an_idle_runner_that_has_lost_its_owner_stays_as_long_as_there_is_a_lease(places, start):
    log = home(places) / "runner.log"

    def has_ended():
        return "whoever started this runner is gone" in log.read_text()

    with command(places) as first:
        first.get("pytorch")
        lease = local.lease("pytorch", places)
    end_an_idle_one(start)
    assert not has_ended()
    lease.close()
    assert eventually(has_ended)
    assert eventually(lambda: local.holder("pytorch", places) is None)


def test_who_ends_a_runner_lets_nobody_else_begin_to_use_it(places):
    with command(places) as first:
        first.get("pytorch")
        assert first._leases["pytorch"].alone()
        assert local.lease("pytorch", places) is None


def test_a_command_waits_for_the_runner_that_another_is_starting_and_takes_it_whole(places):
    said: list[str] = []
    with command(places) as first, command(places, said) as second:
        first.prepare(["pytorch"])  # it does not listen yet
        assert second.get("pytorch").address == first.get("pytorch").address
        assert second.process_id("pytorch") is None
    assert any("waiting for the local runner" in text for text in said) or len(said) == 1


def test_commands_that_begin_at_the_same_moment_start_one_runner(places):
    begin, taken = threading.Barrier(4), []

    def run():
        with command(places) as runners:
            begin.wait(300)
            client = runners.get("pytorch")
            taken.append((client.address, runners.process_id("pytorch") is not None))
            begin.wait(300)  # till all have it

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({address for address, _ in taken}) == 1
    assert sorted(started for _, started in taken) == [False, False, False, True]


def test_a_command_that_begins_as_another_ends_has_a_whole_runner(places):
    for _ in range(5):
        with command(places) as second:
            first = Runners(places, lambda _: None)
            first.get("pytorch")
            closing_it = threading.Thread(target=first.close)
            closing_it.start()
            client = second.get("pytorch")
            closing_it.join()
            job = client.train(whole(client, seed=1), "")
            assert list(client.watch(job.job_id))[-1].state_changed.state == succeeded()


# ------------------------------------------------------------------------------- how it is lost


def test_the_exit_of_a_local_runner_is_known_at_once_with_its_signal(places):
    with command(places) as runners:
        client = runners.get("pytorch")
        job = client.train(whole(client, epochs=10_000), "")
        events = client.watch(job.job_id, reattach_seconds=300)
        next(events)
        os.kill(runners.process_id("pytorch"), signal.SIGKILL)
        with pytest.raises(RunnerUnavailable, match=r"has ended: killed by signal 9 \(SIGKILL\)"):
            list(events)
        for call in (client.info, lambda: client.train(small_spec(), "")):
            with pytest.raises(RunnerUnavailable, match="has ended"):
                call()


def test_an_address_that_nobody_holds_is_not_taken(places, start):
    """As a killed runner leaves it; whoever listens there now is someone else."""
    stranger = start(name="stranger")
    home(places).mkdir(parents=True)
    (home(places) / "address").write_text(stranger.address)
    with command(places) as runners:
        assert runners.get("pytorch").address != stranger.address


def test_the_users_own_runner_comes_before_whoever_listens_at_the_default_port(
    places, start, monkeypatch
):
    stranger = start(name="stranger")
    with command(places) as first:
        own = first.get("pytorch").address
        default_port(monkeypatch, stranger.address.rpartition(":")[2])
        with command(places) as second:
            assert second.get("pytorch").address == own


# ------------------------------------------------------------------------------- whose files


@pytest.mark.parametrize("umask", [0, 0o777])
def test_files_of_a_runner_are_its_users_alone_whatever_the_umask(places, umask):
    places.state_home.mkdir(parents=True)
    before = os.umask(umask)
    try:
        with command(places) as runners:
            client = runners.get("pytorch")
            job = client.train(whole(client, seed=1), "")
            assert list(client.watch(job.job_id))[-1].state_changed.state == succeeded()
            found = [home(places), *home(places).rglob("*")]
            modes = {str(path): stat.S_IMODE(path.stat().st_mode) for path in found}
    finally:
        os.umask(before)
    directories = {str(path) for path in found if path.is_dir()}
    expected = {path: 0o700 if path in directories else 0o600 for path in modes}
    assert modes == expected
    assert len(modes) > 8


def test_a_directory_of_an_earlier_version_is_closed_to_others(places):
    (home(places) / "jobs").mkdir(parents=True)
    home(places).chmod(0o755)
    with command(places) as runners:
        runners.get("pytorch")
    assert stat.S_IMODE(home(places).stat().st_mode) == 0o700


@pytest.mark.parametrize("name", ["address", "lock", "lease", "runner.log"])
def test_a_planted_link_is_not_followed(places, tmp_path, name):
    precious = tmp_path / "precious"
    precious.write_text("as it was")
    home(places).mkdir(parents=True)
    (home(places) / name).symlink_to(precious)
    with command(places) as runners:
        if name == "address":  # which is removed
            assert runners.get("pytorch")
        else:
            with pytest.raises(RunnerUnavailable, match="could not be started"):
                runners.get("pytorch")
    assert precious.read_text() == "as it was"


@pytest.mark.skipif(not AS_ROOT, reason="only root may make files of another user")
@pytest.mark.parametrize("link", [False, True])
def test_a_directory_of_another_user_is_refused_in_one_sentence(places, tmp_path, link):
    places.state_home.mkdir()
    if link:
        (tmp_path / "elsewhere").mkdir()
        home(places).symlink_to(tmp_path / "elsewhere")
        os.chown(home(places), 12345, 12345, follow_symlinks=False)
    else:
        home(places).mkdir()
        os.chown(home(places), 12345, 12345)
    with command(places) as runners, pytest.raises(RunnerUnavailable) as told:
        runners.get("pytorch")
    what = "a link" if link else "a file or directory"
    assert f"it is {what} of another user, 12345" in told.value.message
    assert "\n" not in told.value.message


def test_what_a_killed_runner_had_half_written_is_swept_and_nothing_else(places):
    jobs = home(places) / "jobs"
    jobs.mkdir(parents=True)
    dead = 2**22 + 1  # no process has so high a number
    alive = os.getppid()
    swept = [
        home(places) / f".address.{dead}.1",
        jobs / f".job.json.{dead}.140",
        jobs / f".x.{dead}",
    ]
    kept = [jobs / f".job.json.{alive}.140", jobs / ".hidden", jobs / f"job.{dead}"]
    for path in (*swept, *kept):
        path.touch()
    with command(places) as runners:
        runners.get("pytorch")
    assert [path for path in swept if path.exists()] == []
    assert [path for path in kept if not path.exists()] == []


def test_a_name_that_looks_like_a_partial_file_of_this_process_is_a_former_ones(tmp_path):
    (tmp_path / f".job.json.{os.getpid()}.1").touch()
    state_dir.sweep(tmp_path)
    assert list(tmp_path.iterdir()) == []
