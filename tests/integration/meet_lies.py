"""Runs the commands of the orchestrator against every lie: ``... meet_lies DIRECTORY [PART]``.

Prints a line of JSON for each lie, and at last what all of it took of memory. The figures are not
drawn, which takes a second each.
"""

import json
import os
import re
import resource
import signal
import subprocess
import sys
import traceback
from contextlib import closing
from pathlib import Path
from typing import Any

import yaml
from typer.testing import CliRunner

from orchestrator.actions import compare, remake
from orchestrator.cli.main import app
from orchestrator.gate import status
from orchestrator.runners import client
from orchestrator.storage import shelf, store
from tests.builders.lying import CODE, CODE_SPEC, SPEC, Lie
from tests.integration.lies import CASES, Case
from tests.integration.undrawn import NoRenderer
from tests.waiting import HANG_SECONDS

# What no text of a runner may bring to a terminal, a log or a page.
CONTROLS = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufffe\uffff]"
)
NONSENSE = re.compile(
    r"times as (fast|long)|trained level|s an epoch and|\b(nan|inf) (s|%|GB|MB|times)|\b500\.00 %"
)


class Hung(BaseException):
    """A command did not end."""


def commands(case: Case, addresses: list[str], directory: Path) -> list[str]:
    """The arguments of the command that meets the lie."""
    workload = ["--workload", str(directory / "small.yaml")]
    output = ["--output", str(directory / "runs")]
    one, both = addresses[:1], ["--frameworks=pytorch", addresses[0]]
    match case.command:
        case "train":
            return ["train", "--framework=pytorch", *workload, *output, *one]
        case "compare":
            return ["compare", "--no-verify", *workload, *output, *addresses]
        case "evaluate":
            return ["evaluate", "truth", "--framework=pytorch", *output, *one]
        case "measure":
            return ["env", "--measure", *workload, *both]
        case "summary":
            return ["summary", *workload, *both]
        case "preview":
            return ["preview", "--count=3", *workload, *both, *output]
        case "pair":
            return ["pair", "--workload", str(directory / "code.yaml"), *addresses]
        case "jobs" | "env":
            return [case.command, *both]
    raise AssertionError(case.command)


def run(arguments: list[str]) -> tuple[int, str]:
    """Exit code and all that was printed; a traceback is code 1."""
    found = CliRunner().invoke(app, arguments)
    text = found.output
    if found.exception is not None and not isinstance(found.exception, SystemExit):
        if isinstance(found.exception, Hung):
            return -1, text
        text += "Traceback" + "".join(traceback.format_exception(found.exception))
        return 1, text
    return found.exit_code, text


def runs(directory: Path) -> list[store.Run]:
    return shelf.runs(directory / "runs")


def look_again(newest: Path, directory: Path) -> list[str]:
    """What is wrong with the run that a command has made."""
    output = ["--output", str(directory / "runs")]
    wrong = []
    for arguments in (
        ["runs"],
        ["show", "latest"],
        ["show", "latest", "--json"],
        ["report", "latest"],
    ):
        code, text = run([*arguments, *output])
        if code != 0:
            wrong.append(f"{arguments}: code {code}: {text[-1500:]}")
        elif arguments[-1] != "--json" and (found := CONTROLS.search(text)):
            wrong.append(f"{arguments}: {found.group()!r} came out")
    for name in ("log.txt", "report.html"):
        text = (newest / name).read_text()
        if found := CONTROLS.search(text):
            wrong.append(f"{name}: {found.group()!r} is in it")
    return wrong


class Liars:
    """Runners in another process, at ``addresses``; the first tells the lie that it is told to."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "tests.integration.liars"]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.addresses = [self._line(), self._line()]

    def tell(self, name: str) -> None:
        """Tell the lie of the case of that name; of none the truth."""
        assert self._process.stdin
        self._process.stdin.write(f"{json.dumps(name)}\n")
        self._process.stdin.flush()
        self._line()

    def close(self) -> None:
        """End the process, which ends with its standard input."""
        self._process.communicate()

    def _line(self) -> str:
        assert self._process.stdout
        return self._process.stdout.readline().removesuffix("\n")


def meet(case: Case, addresses: list[str], directory: Path) -> dict[str, Any]:
    signal.signal(signal.SIGALRM, _hung)
    signal.alarm(int(HANG_SECONDS))
    before = runs(directory)
    try:
        code, text = run(commands(case, addresses, directory))
        wrong = []
        if code not in case.codes:
            wrong.append(f"code {code}, not {case.codes}")
        if "Traceback" in text or "Warning: " in text:
            wrong.append("a traceback, or a warning of Python's")
        said = " ".join(text.split())
        if case.says not in said:
            wrong.append(f"it does not say {case.says!r}")
        if found := CONTROLS.search(text):
            wrong.append(f"{found.group()!r} came out")
        if case.codes != (0,) and (found := NONSENSE.search(text)):
            wrong.append(f"{found.group()!r} was said")
        after = runs(directory)
        if after != before and after[-1].count_trials():
            wrong += look_again(after[-1].path, directory)
    except Hung:
        text, wrong = "", ["it hung"]
    finally:
        signal.alarm(0)
    return {"wrong": wrong, "said": text[-3000:] if wrong else text[-400:]}


def tell(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _hung(*_: object) -> None:
    raise Hung


def main(directory: Path, part: str = "") -> None:
    os.chdir(directory)
    os.environ |= {"XDG_STATE_HOME": "state", "XDG_CONFIG_HOME": "config", "TWINRUN_LANG": "en"}
    os.environ["TWINRUN_DATA_DIR"] = str(directory / "data")
    compare.Renderer = NoRenderer
    remake.Renderer = NoRenderer
    # What is waited for is as long as it is; that it ends is what is looked at.
    client._IMPORT_SECONDS = 1.0
    status._LONGEST_PAUSE_SECONDS = 1.0
    client.Client.watch.__defaults__ = (0, 1.0)
    (directory / "small.yaml").write_text("# small\n" + yaml.safe_dump(SPEC))
    (directory / "code.yaml").write_text("# code\n" + yaml.safe_dump(CODE_SPEC))
    for side in CODE.values():
        (directory / side["file"]).write_text("def build():\n    pass\n")
    (directory / "runs").mkdir(exist_ok=True)
    with closing(Liars()) as liars:
        liars.tell("")
        before = meet(Case("train", Lie(), (0,)), liars.addresses, directory)
        shelf.find("latest", directory / "runs").path.rename(directory / "runs" / "truth")
        tell(json.dumps({"name": "the truth", **before}))
        for name, case in CASES.items():
            if part in name:
                liars.tell(name)
                found = meet(case, liars.addresses, directory)
                tell(json.dumps({"name": name, **found}))
    tell(json.dumps({"peak_bytes": peak_bytes()}))


def peak_bytes() -> int:
    """Of this program alone: on Linux `getrusage` has what started it in its peak, before exec."""
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    (line,) = [line for line in status.read_text().splitlines() if line.startswith("VmHWM:")]
    return int(line.split()[1]) * 1024


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
