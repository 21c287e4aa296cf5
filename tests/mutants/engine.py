"""Runs mutants on the jobs that run their lines, until a certificate refuses one."""

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from orchestrator.errors import RunUnreadable
from orchestrator.storage import store
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
    """A case as both frameworks run it unchanged.

    ``run``: their output. ``lines``: the lines of each file that they ran. ``seconds``: by
    framework.
    """

    case: Case
    run: store.Run
    lines: Mapping[str, set[int]]
    seconds: Mapping[str, float]


class Failed(Exception):
    """A trial did not succeed."""


@dataclass
class Side:
    """One framework's trials of a case, unchanged or with a ``mutant``, for a ``run``."""

    process: Process
    framework: str
    case: Case
    run: store.Run
    folder: Path  # for what one trial leaves
    mutant: Mutant | None = None
    traced: bool = False
    seconds: float = 0.0

    def __post_init__(self) -> None:
        self.lines: dict[str, set[int]] = {}

    def take(self, *numbers: int) -> None:
        """Run them. Raises Failed."""
        for number, spec in judge.takes(self.case.spec()).items():
            if number in numbers:
                self._ask({"spec": store.to_mapping(spec)})
                judge.laid(self.run, self.framework, number, self.folder)

    def evaluate(self, run: store.Run, trained: str) -> None:
        """Evaluate the final weights that ``trained`` left in ``run``. Raises Failed."""
        (number,) = judge.FIRST
        spec = judge.takes(self.case.spec())[number]
        weights = judge.weights(run, trained)
        self._ask({"spec": store.to_mapping(spec), "weights": str(weights)})
        judge.laid_again(self.run, self.framework, trained, self.folder)

    def _ask(self, request: dict[str, object]) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
        change = [self.mutant.file, self.mutant.source] if self.mutant else None
        request |= {"change": change, "folder": str(self.folder), "traced": self.traced}
        try:
            answer = self.process.ask(request)
        except Gone as gone:
            raise Failed(str(gone)) from gone
        if answer["failure"]:
            raise Failed(answer["failure"])
        self.seconds += answer["seconds"]
        for file, found in answer["lines"].items():
            self.lines.setdefault(file, set()).update(found)


class Engine:
    """``folder``: for the trials' output."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._processes = {
            name: Process(
                [ROOT / f".venv-{name}/bin/python", "-m", "tests.mutants.worker", name],
                folder / f"{name}.log",
            )
            for name in FRAMEWORKS
        }

    def close(self) -> None:
        for process in self._processes.values():
            process.close()

    def keep(self, case: Case, *, traced: bool = True) -> Kept:
        """Run a case unchanged, without its lines if not ``traced``.

        Raises ValueError if it is not certified.
        """
        run = judge.new_run(self._folder / "plain" / case.name.replace(" ", "-"), case.spec())
        sides = [self._side(name, case, run, traced=traced) for name in FRAMEWORKS]

        def take(side: Side) -> None:
            side.take(*judge.FIRST, *judge.TIMED)
            side.traced = False  # a perturbed trial runs the same lines
            side.take(*judge.ROUNDING)
            side.traced = traced

        def evaluate(side: Side) -> None:
            for trained in FRAMEWORKS:
                side.evaluate(run, trained)

        with ThreadPoolExecutor() as pool:
            try:
                list(pool.map(take, sides))
                list(pool.map(evaluate, sides))
                self._decide_both(case, sides, pool)
            except Failed as failed:
                raise ValueError(f"{case.name}: {failed}") from failed
        verdict = judge.judged(run)
        if not verdict.same_job:
            raise ValueError(f"{case.name}: {verdict.sentence}")
        lines = {file: found for side in sides for file, found in side.lines.items()}
        return Kept(case, run, lines, {side.framework: side.seconds for side in sides})

    @staticmethod
    def _decide_both(case: Case, sides: Sequence[Side], pool: ThreadPoolExecutor) -> None:
        """Take more draws of the perturbed trials until they decide, as `verify` does."""
        for number in (judge.OF_ROUNDING, judge.OF_TIMED):
            for more in judge.further(case.spec(), number):
                if judge.judged(sides[0].run).undecided != number:
                    break
                list(pool.map(Side.take, sides, [more] * len(sides)))

    def _side(
        self,
        framework: str,
        case: Case,
        run: store.Run,
        *,
        mutant: Mutant | None = None,
        traced: bool = False,
    ) -> Side:
        folder = self._folder / f"{framework}-out"
        process = self._processes[framework]
        return Side(process, framework, case, run, folder, mutant, traced=traced)

    def tried(self, framework: str, mutant: Mutant, kept: Sequence[Kept], known: Known) -> Found:
        """Try a mutant. ``kept``: all cases. A known equivalent is tried on the first few."""
        first, last = mutant.lines
        span = set(range(first, last + 1))
        running = [each for each in kept if span & each.lines.get(mutant.file, set())] or [
            each for each in kept if mutant.inner in each.lines.get(mutant.file, set())
        ]
        running.sort(key=lambda each: each.seconds[framework])
        if mutant.name in known.equivalent:
            running = running[:_FEW]
        for each in running:
            if why := self._caught(framework, mutant, each):
                return report.found(mutant, known, caught=why, where=each.case.name)
        return report.found(mutant, known, tried=len(running))

    def found(self, fault: Planted, kept: Sequence[Kept]) -> Found:
        """Try a planted fault on its own case."""
        (case,) = (each for each in kept if each.case.name == fault.case)
        why = self._caught(fault.framework, fault.mutant(), case)
        return report.found(fault.mutant(), Known(), caught=why, where=fault.case, tried=1)

    def honest(self, kept: Kept) -> str:
        """Return why a framework's unchanged code would be refused; empty if it is not."""
        return "".join(self._caught(framework, None, kept) for framework in FRAMEWORKS)

    def _caught(self, framework: str, mutant: Mutant | None, kept: Kept) -> str:
        """Return why; empty if the certificate says that it is the same job."""
        with self._beside(kept, framework) as run:
            side = self._side(framework, kept.case, run, mutant=mutant)
            try:
                return self._refused(side, kept)
            except (
                Failed,
                RunUnreadable,
            ) as failed:  # what no report can say is refused as it comes
                return f"failed: {failed}"

    def _refused(self, side: Side, kept: Kept) -> str:
        """Judge as `orchestrator.actions.verify` does; empty if nothing is refused."""
        side.take(*judge.FIRST)
        if not judge.judged(side.run, evaluated=False).same_job:
            self._link(kept, side, *judge.ROUNDING)
            side.take(*judge.ROUNDING)
            self._decide(kept, side, judge.OF_ROUNDING)
            if not (verdict := judge.judged(side.run, evaluated=False)).same_job:
                return verdict.sentence
        self._link(kept, side, *judge.TIMED)
        side.take(*judge.TIMED)
        self._decide(kept, side, judge.OF_TIMED)
        for trained in FRAMEWORKS:
            side.evaluate(side.run if trained == side.framework else kept.run, trained)
            if not (verdict := judge.predicted(side.folder)).same_job:
                return verdict.sentence
        # What the other framework makes of this one's weights is what it made of the unchanged
        # one's: where it would be anything else, the weights differ, which is refused already.
        self._link(kept, side, *(f"of-{trained}" for trained in FRAMEWORKS))
        verdict = judge.judged(side.run)
        return "" if verdict.same_job else verdict.sentence

    def _decide(self, kept: Kept, side: Side, number: int) -> None:
        """Take more draws of a perturbed trial until they decide."""
        (other,) = (name for name in FRAMEWORKS if name != side.framework)
        for more in judge.further(kept.case.spec(), number):
            if judge.judged(side.run, evaluated=False).undecided != number:
                return
            if not (kept.run.path / "weights" / f"{other}-{more}.safetensors").exists():
                # While that framework's own mutants are tried in another thread.
                folder = self._folder / f"{other}-more"
                Side(self._processes[other], other, kept.case, kept.run, folder).take(more)
            self._link(kept, side, more)
            side.take(more)

    @contextmanager
    def _beside(self, kept: Kept, framework: str) -> Iterator[store.Run]:
        """Yield a run that has the other framework's first trial, as it was kept."""
        with tempfile.TemporaryDirectory(dir=self._folder) as name:
            run = store.Run(Path(name))
            for file in ("job.json", "initial_weights.safetensors"):
                os.link(kept.run.path / file, run.path / file)
            self._link(kept, self._side(framework, kept.case, run), *judge.FIRST)
            yield run

    @staticmethod
    def _link(kept: Kept, side: Side, *numbers: int | str) -> None:
        """Link the other framework's files of those names, as they were kept."""
        (other,) = (name for name in FRAMEWORKS if name != side.framework)
        for file in kept.run.path.glob("*/*.*"):
            if file.name.partition(".")[0] in {f"{other}-{number}" for number in numbers}:
                target = side.run.path / file.relative_to(kept.run.path)
                target.parent.mkdir(exist_ok=True)
                os.link(file, target)
