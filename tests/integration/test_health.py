"""``python -m services.runner.health``, by which an engine asks how a container is."""

import subprocess
import sys

from tests.builders.certificates import Authority
from tests.waiting import HANG_SECONDS, eventually

# An engine would ask again.
PATIENT = f"""
import sys
from services.runner import health
health._SECONDS = {HANG_SECONDS}
sys.exit(health.main())
"""


def ask(address: str, *options: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-c", PATIENT, address, *options],
        capture_output=True,
        text=True,
        timeout=HANG_SECONDS,
        check=False,
    )
    assert not done.stderr
    return done.returncode, done.stdout


def test_a_runner_that_serves_is_healthy(start):
    runner = start()
    assert eventually(lambda: ask(runner.address) == (0, "serving\n"))


def test_over_tls_the_state_directory_is_enough(start, tmp_path):
    ca = Authority(tmp_path / "ca")
    runner = start("good", *ca.runner(), ca.asks)
    assert eventually(lambda: ask(str(runner.state_dir)) == (0, "serving\n"))
    assert ask(runner.address)[0] == 1
    assert "Twinrun 0." in ask(str(runner.state_dir), "--versions")[1]
    runner.process.kill()
    runner.process.wait()
    plain = start()  # with the same state directory, in which the other one's socket was left
    assert eventually(lambda: ask(str(plain.state_dir)) == (0, "serving\n"))
    assert ask(str(tmp_path))[0] == 1


def test_versions_tell_what_it_runs_and_on_what(start):
    runner = start("good", "--threads", "1")
    assert eventually(lambda: ask(runner.address)[0] == 0)
    code, said = ask(runner.address, "--versions")
    assert code == 0
    assert "Twinrun 0." in said
    assert "1 threads on CPUs " in said


def test_one_that_still_imports_its_framework_is_not_healthy_yet(start):
    assert ask(start("blocks_in_import").address) == (1, "not serving yet\n")


def test_one_that_could_not_import_it_says_why(start):
    runner = start("not_importable")
    assert eventually(lambda: ask(runner.address)[1].startswith("failed: "))
    code, said = ask(runner.address)
    assert code == 1
    assert "libplanted.so.1" in said


def test_where_nobody_listens_there_is_no_answer():
    code, said = ask("127.0.0.1:1")
    assert code == 1
    assert said.startswith("no answer: ")
