"""`report` and `open`, as a user calls them."""

import os
import subprocess
import sys

import pytest

from tests.builders.stored import compared
from tests.waiting import HANG_SECONDS

WINDOWS = ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")


@pytest.fixture
def made(tmp_path):
    return compared(tmp_path / "runs")


@pytest.fixture
def orchestrator(tmp_path):
    def run(*arguments, code=0, **settings):
        environment = {k: v for k, v in os.environ.items() if k not in WINDOWS} | settings
        done = subprocess.run(
            [sys.executable, "-m", "orchestrator", *arguments],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=HANG_SECONDS,
            check=False,
        )
        assert done.returncode == code, done.stderr
        assert "Traceback" not in done.stderr
        return done

    return run


def test_report_makes_all_again_and_says_where_the_page_is(orchestrator, made):
    done = orchestrator("report", "latest")
    assert done.stdout.strip() == f"runs/{made.path.name}/report.html"
    assert {"report.html", "comparison.json", "figures"} <= {p.name for p in made.path.iterdir()}
    assert (made.path / "figures/overview.png").exists()


def test_open_makes_a_page_that_is_missing_and_shows_it_in_the_users_browser(
    orchestrator, made, tmp_path
):
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" > {tmp_path}/shown\n')
    browser.chmod(0o755)
    done = orchestrator("open", "latest", BROWSER=str(browser))
    assert made.page_path.exists()
    assert done.stdout.strip().endswith("report.html")
    assert (tmp_path / "shown").read_text().strip() == made.page_path.resolve().as_uri()


def test_open_leaves_a_page_that_is_there_as_it_is_and_prints_its_path_without_a_browser(
    orchestrator, made
):
    made.write_page(b"kept")
    done = orchestrator("open", str(made.path))
    assert done.stdout.strip() == str(made.page_path)
    assert made.page_path.read_bytes() == b"kept"


@pytest.mark.parametrize("command", ["report", "open"])
def test_a_run_that_is_not_there_is_named(orchestrator, command):
    assert "no run 'nothing'" in orchestrator(command, "nothing", code=2).stderr
