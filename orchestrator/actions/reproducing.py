"""A difference of two layers without Twinrun: a program for each side, and the arrays they read.

Both are run before they are offered: what does not show the difference is not kept.
"""

import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np

from orchestrator.errors import BadInput
from orchestrator.language.phrases import Phrase, Sentence, english, join
from orchestrator.language.words import COMMA, label
from orchestrator.pairing.locate import Located, Place
from orchestrator.pairing.measure import Array, gap, laid_like
from orchestrator.pairing.result import Pairing
from orchestrator.runners.coded import TOLERANCE, Trace

_NOT_EMPTY = Phrase("--reproduce {folder}: it has files; give a new or an empty folder.")
_NOT_MADE = Phrase("--reproduce {folder}: it cannot be written to: {error}.")
_OFFERED = Phrase(
    "{folder} has {names}, which show it without Twinrun. Both programs were run: {one}'s output "
    "and {other}'s differ by {gap} of the largest value."
)
_SHAPES_OFFERED = Phrase(
    "{folder} has {names}, which show it without Twinrun. Both programs were run: {one}'s output "
    "and {other}'s have other shapes."
)
_NONE = Phrase("No minimal case is offered in {folder}, because {reason}.")
_NO_LAYER = Phrase("what differs first is not the output of a layer on both sides")
_UNPAIRED = Phrase("the models are not paired")
_SAME = Phrase("nothing differs on one batch")
_BEFORE = Phrase(
    "what the layers are given differs already, by {gap}: the difference arises just before them, "
    "in code that is no layer"
)
_OTHER_INPUTS = Phrase(
    "the two sides' layers are given other numbers or shapes of arrays there: one does in several "
    "steps what the other does in one"
)
_NO_PROGRAM = Phrase("`{path}` of {framework} cannot be a program: {reason}")
_NO_PYTHON = Phrase(
    "{framework}'s program would have to be run here to check it, and its runner is not one that "
    "was started here for you: give --local"
)
_FAILED = Phrase("{framework}'s program fails by itself: {error}")
_OTHERWISE = Phrase(
    "{framework}'s program returns something else than its model does there, by {gap} of the "
    "largest value"
)
_SECONDS = 600.0  # a framework's import on a busy machine, with much room
_EXACT = 1e-2  # Of the difference: by so little may a layer by itself be off.
_ARRAYS = "case.npz"


@dataclass(frozen=True, slots=True)
class Reproduction:
    """Where cases go. ``python``: the interpreter of a framework here; None: there is none."""

    folder: Path
    python: Callable[[str], Path | None]

    def require_room(self) -> None:
        """Check that the folder is new or empty, and can be written to; leave it as it was.

        Raises BadInput.
        """
        new = [each for each in (self.folder, *self.folder.parents) if not os.path.lexists(each)]
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            used = any(self.folder.iterdir())
            os.utime(self.folder)
        except OSError as error:
            raise BadInput(
                english(_NOT_MADE, folder=self.folder, error=error.strerror or error)
            ) from None
        finally:
            for folder in new:
                with suppress(OSError):  # it was not made, or another has used it since
                    folder.rmdir()
        if used:
            raise BadInput(english(_NOT_EMPTY, folder=self.folder))

    def kept(self, located: Located, sides: Sequence[Trace]) -> Sentence:
        """Write and run the case of what differs first; say what came of it. Raises BadInput.

        ``sides``: traces with the case of each side's layer.
        """
        reason = self._reason(located, sides)
        if reason is not None:
            return self.none(reason)
        frameworks = [side.framework for side in sides]
        with tempfile.TemporaryDirectory() as place:
            files = _written(located, sides, Path(place))
            seen = []
            for framework in frameworks:
                found = self._run(framework, Path(place))
                if not isinstance(found, tuple):
                    return self.none(found)
                seen.append(found)
            apart = max(other for _, other in seen)
            for framework, (own, _) in zip(frameworks, seen, strict=True):
                if not own <= apart * _EXACT or apart <= TOLERANCE:
                    return self.none(
                        english(_OTHERWISE, framework=label(framework), gap=f"{own:.1e}")
                    )
            self._move(files)
        one, other = map(label, frameworks)
        names = {"folder": self.folder, "names": join(COMMA, [file.name for file in files])}
        if np.isinf(apart):
            return english(_SHAPES_OFFERED, **names, one=one, other=other)
        return english(_OFFERED, **names, one=one, other=other, gap=f"{apart:.1e}")

    def none(self, reason: Sentence) -> Sentence:
        """Say why there is no case."""
        return english(_NONE, folder=self.folder, reason=reason)

    def _reason(self, located: Located, sides: Sequence[Trace]) -> Sentence | None:
        """Return why there is none before anything runs."""
        if located.layer is None:
            return english(_NO_LAYER)
        for side, index in zip(sides, (located.layer.first, located.layer.second), strict=True):
            if side.model.case is None or not side.model.case.program:
                reason = "" if side.model.case is None else side.model.case.reason
                path = side.model.layers[index].path
                names = {"path": path, "framework": label(side.framework)}
                return english(_NO_PROGRAM, **names, reason=reason)
            if self.python(side.framework) is None:
                return english(_NO_PYTHON, framework=label(side.framework))
        given = [[*_inputs(side)] for side in sides]
        if len(given[0]) != len(given[1]):
            return english(_OTHER_INPUTS)
        laid = [laid_like(one, other) for one, other in zip(*given, strict=True)]
        if any(each is None for each in laid):
            return english(_OTHER_INPUTS)
        pairs = [(one, other) for one, other in zip(laid, given[1], strict=True) if one is not None]
        apart = max((gap(one, other) for one, other in pairs), default=0.0)
        return english(_BEFORE, gap=f"{apart:.1e}") if apart > TOLERANCE else None

    def _run(self, framework: str, place: Path) -> tuple[float, float] | Sentence:
        """Run a side's program; return how far off it is from its own output and the other's."""
        try:
            done = subprocess.run(
                [str(self.python(framework)), "-I", _program(framework)],
                cwd=place,
                capture_output=True,
                text=True,
                timeout=_SECONDS,
                check=False,
            )
            own, other = (float(line.split()[-1]) for line in done.stdout.splitlines()[-2:])
        except (OSError, subprocess.TimeoutExpired) as error:
            return english(_FAILED, framework=label(framework), error=error)
        except (ValueError, IndexError):
            last = (done.stderr.strip().splitlines() or [""])[-1]
            return english(_FAILED, framework=label(framework), error=last)
        return own, other

    def _move(self, files: Sequence[Path]) -> None:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            for file in files:
                with (self.folder / file.name).open("xb") as kept:
                    kept.write(file.read_bytes())
        except OSError as error:
            raise BadInput(english(_NOT_MADE, folder=self.folder, error=error.strerror)) from None


def calls(pairing: Pairing, located: Located) -> tuple[list[int], list[int]]:
    """Return each side's calls that make what differs, in order, by their indices.

    They are the layer, what it is one with on the other side, and what stands alone before it.
    """
    assert located.layer is not None  # noqa: S101 - which was asked before
    pair = located.layer
    first = {each.first for each in pairing.layers if each.second == pair.second}
    second = {each.second for each in pairing.layers if each.first == pair.first}
    return (
        sorted({*located.alone[0], *(n for n in first if n <= pair.first)}),
        sorted({*located.alone[1], *(n for n in second if n <= pair.second)}),
    )


def _inputs(side: Trace) -> Iterator[Array]:
    number = 0
    while (name := f"input/case{number}") in side.arrays:
        yield side.arrays[name]
        number += 1


def without_case(located: Located | None) -> Sentence | None:
    """Return why a difference can be no case, before it is traced; None: it may be one."""
    if located is None:
        return english(_UNPAIRED)
    if located.place is Place.NOWHERE:
        return english(_SAME)
    if located.place is not Place.OUTPUT or located.layer is None:
        return english(_NO_LAYER)
    return None


def _program(framework: str) -> str:
    return f"{framework}_case.py"


def _written(located: Located, sides: Sequence[Trace], place: Path) -> list[Path]:
    """Write both programs and their arrays; return the files."""
    assert located.layer is not None  # noqa: S101 - which was asked before
    indices = located.layer.first, located.layer.second
    outputs = [side.arrays[f"output/{n}"] for side, n in zip(sides, indices, strict=True)]
    arrays: dict[str, Array] = {}
    files = []
    for number, side in enumerate(sides):
        own, other = outputs[number], outputs[1 - number]
        view, laid = _seen(own, other)
        name = side.framework
        arrays |= {
            f"{name}.{key.removeprefix('case/')}": array
            for key, array in side.arrays.items()
            if key.startswith("case/")
        }
        arrays[f"{name}.output"], arrays[f"{name}.other"] = laid, _like(other, laid)
        case = side.model.case
        assert case is not None  # noqa: S101 - which was asked before
        files.append(place / _program(name))
        files[-1].write_text(case.program + view + case.end)
    content = BytesIO()
    np.savez(content, allow_pickle=False, **arrays)
    files.append(place / _ARRAYS)
    files[-1].write_bytes(content.getvalue())
    return files


def _like(other: Array, own: Array) -> Array:
    """Return the other side's output laid out as the own; as it is, if it has another shape."""
    laid = laid_like(other, own)
    return other if laid is None else laid


def _seen(own: Array, other: Array) -> tuple[str, Array]:
    """Return what the other side has of an output, with the text that takes it.

    Of a sequence that may be its end alone, of both directions.
    """
    if own.ndim == 3 and other.ndim == 2 and laid_like(own, other) is not None:
        half = own.shape[2] // 2
        both = np.concatenate([own[:, -1, :half], own[:, 0, half:]], axis=1)
        last = own[:, -1]
        if gap(last, other) <= gap(both, other):
            return "made = made[:, -1]\n", last
        text = f"np.concatenate([made[:, -1, :{half}], made[:, 0, {half}:]], axis=1)"
        return f"made = {text}\n", both
    return "", own
