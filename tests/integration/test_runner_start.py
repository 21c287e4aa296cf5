"""What keeps a runner from starting: each ends it with a code of its own and one sentence."""

import sys
from pathlib import Path

import pytest

from services.runner.options import EXIT_ACCESS, EXIT_NOT_INSTALLED, EXIT_PORT, EXIT_STATE
from tests.builders.runners import command, refused

pytestmark = pytest.mark.usefixtures("no_forks")


def test_a_port_that_is_taken_is_named(start, tmp_path):
    address = start().address
    code, said = refused(*command("good", tmp_path / "other", "--listen", address))
    assert code == EXIT_PORT
    assert said == (
        f"runner: {address} cannot be listened on: Address already in use; give another with "
        "--listen (port 0: any that is free)\n"
    )


def test_a_runner_that_others_could_reach_does_not_start(tmp_path):
    code, said = refused(*command("good", tmp_path / "state", "--listen", "0.0.0.0:0"))
    assert code == EXIT_ACCESS
    assert "0.0.0.0:0 can be reached from other machines, and the runner has not TLS" in said


@pytest.mark.parametrize("address", ["192.0.2.1:50051", "no-such-host.invalid:50051"])
def test_an_address_that_is_not_this_machines_is_named(tmp_path, address):
    code, said = refused(*command("good", tmp_path / "state", "--insecure", "--listen", address))
    assert code == EXIT_PORT
    said = said.splitlines(keepends=True)[-1]  # after the warning
    assert said.startswith(f"runner: {address} cannot be listened on: ")
    assert said.count("\n") == 1


@pytest.mark.parametrize(
    "address",
    [
        *("", "50051", ":50051", "localhost:", "localhost:x", "localhost:65536"),
        *("::1:5", "unix:/tmp/socket", "http://localhost:50051", "two words:50051"),
    ],
)
def test_what_is_no_address_is_refused_as_a_bad_option(tmp_path, address):
    code, said = refused(*command("good", tmp_path / "state", "--listen", address))
    assert code == 2
    assert f"argument --listen: is {address!r}; give HOST:PORT" in said


@pytest.mark.parametrize(
    "options",
    [["--backlog", "-1"], ["--keep", "0"], ["--grace", "soon"], ["--max-message-mib", "0"]],
)
def test_a_bad_number_is_refused_by_the_name_of_its_option(tmp_path, options):
    code, said = refused(*command("good", tmp_path / "state", *options))
    assert code == 2
    assert f"argument {options[0]}: " in said


def test_a_state_directory_that_another_runner_uses_is_refused(start):
    runner = start()
    code, said = refused(*command("good", runner.state_dir))
    assert code == EXIT_STATE
    assert said == (
        f"runner: another runner uses {runner.state_dir}; stop it, or give --state-dir\n"
    )
    assert (runner.state_dir / "address").read_text() == runner.address


@pytest.mark.parametrize("below", ["", "state"])
def test_a_state_directory_with_a_file_in_its_way_is_refused(tmp_path, below):
    (tmp_path / "file").write_text("in the way")
    state_dir = tmp_path / "file" / below
    code, said = refused(*command("good", state_dir))
    assert code == EXIT_STATE
    assert said.startswith(f"runner: {state_dir} cannot be used: ")
    assert said.endswith("; give --state-dir\n")


@pytest.mark.skipif(not Path("/sys").exists(), reason="needs one where not even root may write")
def test_a_state_directory_that_takes_no_files_is_refused():
    code, said = refused(*command("good", "/sys"))
    assert code == EXIT_STATE
    assert said.startswith("runner: /sys cannot be used: ")


def test_jobs_that_cannot_be_read_are_refused(tmp_path):
    (tmp_path / "jobs").write_text("in the way")
    code, said = refused(*command("good", tmp_path))
    assert code == EXIT_STATE
    assert said.startswith(f"runner: {tmp_path} cannot be read: ")


@pytest.mark.parametrize("framework", ["pytorch", "tensorflow"])
def test_a_framework_that_is_not_installed_is_named_with_the_remedy(tmp_path, framework):
    code, said = refused(
        *(sys.executable, "-m", "services.server", "--framework", framework),
        *("--listen", "127.0.0.1:0", "--state-dir", str(tmp_path)),
    )
    assert code == EXIT_NOT_INSTALLED
    package = {"pytorch": "torch"}.get(framework, framework)
    assert said.startswith(f"runner: {package} is not installed for ")
    assert f"'make setup FRAMEWORKS={framework}'" in said
