"""Runs mutants on the jobs that run their lines, until a certificate refuses one."""

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from orchestrator import store
from tests.mutants import judge, report
from tests.mutants.known import Known
from tests.mutants.matrix import Case
from tests.mutants.operators import Mutant
from tests.mutants.planted import Planted
from tests.mutants.process import Gone, Process
from tests.mutants.report import Found
from tests.mutants.targets import FRAMEWORKS, ROOT

_FEW = 3


@dataclass(frozen=True, slots=True)
class Kept:
    """A case as both frameworks run it unchanged: its run, what each take ran, how long it took."""

    case: Case
    run: store.Run
    lines: Mapping[str, set[int]]
    seconds: Mapping[str, float]


@dataclass
class Engine:
    """``folder``: for what the trials leave."""

    folder: Path
    workers: dict[str, Process] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.workers = {
            name: Process(
                [ROOT / f".venv-{name}/bin/python", "-m", "tests.mutants.worker", name],
                self.folder / f"{name}.log",
            )
            for name in FRAMEWORKS
        }

    def close(self) -> None:
        for worker in self.workers.values():
            worker.close()

    def keep(self, case: Case) -> Kept:
        """Runs a case as it is. Raises ValueError where the certificate does not hold."""
        run = judge.new_run(self.folder / "plain" / case.name.replace(" ", "-"), case.spec())
        lines: dict[str, set[int]] = {}
        seconds = dict.fromkeys(FRAMEWORKS, 0.0)

        def take_all(framework: str) -> None:
            for number in judge.takes(case.spec()):
                answer = self._take(run, framework, number, case, traced=True)
                if answer["failure"]:
                    raise ValueError(f"{case.name} on {framework}: {answer['failure']}")
                seconds[framework] += answer["seconds"]
                for file, found in answer["lines"].items():
                    lines.setdefault(file, set()).update(found)

        with ThreadPoolExecutor() as pool:
            list(pool.map(take_all, FRAMEWORKS))
        verdict = judge.judged(run)
        if not verdict.same_job:
            raise ValueError(f"{case.name}: {verdict.sentence}")
        return Kept(case, run, lines, seconds)

    def tried(self, framework: str, mutant: Mutant, kept: Sequence[Kept], known: Known) -> Found:
        """``kept``: of all cases. One that is known to change nothing is tried on the first few."""
        first, last = mutant.lines
        span = set(range(first, last + 1))
        running = [each for each in kept if span & each.lines.get(mutant.file, set())]
        running.sort(key=lambda each: each.seconds[framework])
        if mutant.name in known.equivalent:
            running = running[:_FEW]
        for each in running:
            if why := self._caught(framework, mutant, each):
                return report.found(mutant, known, caught=why, where=each.case.name)
        return report.found(mutant, known, tried=len(running))

    def found(self, fault: Planted, kept: Sequence[Kept]) -> Found:
        """A fault that was planted, on its own case."""
        (case,) = (each for each in kept if each.case.name == fault.case)
        why = self._caught(fault.framework, fault.mutant(), case)
        return report.found(fault.mutant(), Known(), caught=why, where=fault.case, tried=1)

    def _caught(self, framework: str, mutant: Mutant, kept: Kept) -> str:
        """Why; empty where the certificate says that it is the same job."""
        with self._beside(kept, framework) as run:
            takes = judge.takes(kept.case.spec())
            verdict = judge.Verdict(False, "")
            for later in (False, True):
                if later:
                    self._link(kept, run, framework, judge.LATER)
                for number in (n for n in takes if (n in judge.LATER) is later):
                    try:
                        answer = self._take(run, framework, number, kept.case, mutant=mutant)
                    except Gone as gone:
                        return f"failed: {gone}"
                    if answer["failure"]:
                        return f"failed: {answer['failure']}"
                try:
                    verdict = judge.judged(run)
                except Exception as error:  # noqa: BLE001 - an answer too
                    return f"judge: {type(error).__name__}: {error}"
                if verdict.same_job:
                    return ""
            return verdict.sentence

    def _take(
        self,
        run: store.Run,
        framework: str,
        number: int,
        case: Case,
        *,
        mutant: Mutant | None = None,
        traced: bool = False,
    ) -> dict[str, Any]:
        folder = self.folder / f"{framework}-out"
        shutil.rmtree(folder, ignore_errors=True)
        spec = judge.takes(case.spec())[number]
        answer = self.workers[framework].ask(
            {
                "change": [mutant.file, mutant.source] if mutant else None,
                "spec": store.to_mapping(spec),
                "folder": str(folder),
                "traced": traced,
            }
        )
        if not answer["failure"]:
            judge.laid(run, framework, number, folder)
        return answer

    @contextmanager
    def _beside(self, kept: Kept, framework: str) -> Iterator[store.Run]:
        """A run that has the other framework's first trials, as they were kept."""
        with tempfile.TemporaryDirectory(dir=self.folder) as name:
            run = store.Run(Path(name))
            for file in ("job.json", "initial_weights.safetensors"):
                os.link(kept.run.path / file, run.path / file)
            takes = judge.takes(kept.case.spec())
            self._link(kept, run, framework, takes.keys() - judge.LATER)
            yield run

    def _link(self, kept: Kept, run: store.Run, framework: str, numbers: AbstractSet[int]) -> None:
        (other,) = (name for name in FRAMEWORKS if name != framework)
        for file in kept.run.path.glob("*/*.*"):
            if file.stem in {f"{other}-{number}" for number in numbers}:
                target = run.path / file.relative_to(kept.run.path)
                target.parent.mkdir(exist_ok=True)
                os.link(file, target)
