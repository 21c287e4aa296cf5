"""Tries mutants of shared code on the unit tests that run their lines."""

import sys
from pathlib import Path

from tests.mutants import report
from tests.mutants.known import Known
from tests.mutants.operators import Mutant
from tests.mutants.process import Gone, Process
from tests.mutants.report import Found
from tests.mutants.targets import REFERENCES


class Tests:
    """Call `learn` first: it finds which test file runs which lines."""

    def __init__(self, folder: Path) -> None:
        command = [sys.executable, "-m", "tests.mutants.shared"]
        self._process = Process(command, folder / "shared.log")
        self._lines: dict[str, dict[str, set[int]]] = {}

    def learn(self) -> None:
        """Find the lines that each file runs. Raises ValueError if the tests fail unchanged."""
        for tests in REFERENCES:
            answer = self._process.ask({"files": [tests], "traced": True})
            if answer["failure"]:
                raise ValueError(f"{tests} fails without any mutant: {answer['failure']}")
            self._lines[tests] = {file: set(found) for file, found in answer["lines"].items()}

    def tried(self, mutant: Mutant, known: Known) -> Found:
        first, last = mutant.lines
        span = set(range(first, last + 1))
        files = [
            tests
            for tests in REFERENCES
            if span & self._lines[tests].get(mutant.file, set()) or not mutant.function
        ]
        if not files:
            return report.found(mutant, known)
        try:
            change = [mutant.file, mutant.source]
            failed = self._process.ask({"files": files, "change": change})["failure"]
        except Gone as gone:
            failed = str(gone)
        caught = f"test: {failed.partition('::')[2] or failed}" if failed else ""
        return report.found(mutant, known, caught=caught, where=failed, tried=len(files))

    def close(self) -> None:
        self._process.close()
