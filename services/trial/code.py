"""The user's own code: unpacked, imported, called. Nothing of it runs before the framework allows.

An error in it ends in the user's own traceback, cut to the frames of their files.
"""

import contextlib
import importlib.util
import inspect
import json
import lzma
import os
import sys
import traceback
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextvars import ContextVar
from pathlib import Path, PurePath
from types import MappingProxyType, ModuleType
from typing import Protocol, TypeVar

from twinrun.contract.code import CodeSource, CodeTensor
from twinrun.contract.data_dir import BLOBS
from twinrun.contract.spec import JobSpec

from services.data import catalog
from services.data.blobs import Blobs
from services.errors import CodeFailed
from services.pipe import Task


class _Shaped(Protocol):
    @property
    def shape(self) -> tuple[int, ...]: ...


Build = Callable[[], object]  # builds the user's model
View = TypeVar("View", bound=_Shaped)  # of an array, in the canonical layout
_NOTHING: Mapping[str, Callable[[], object]] = MappingProxyType({})
_OFFERED = ContextVar("offered", default=_NOTHING)
DIRECTORY = "users-code"  # in a task's output_dir
_MOST_BYTES = 2**30  # unpacked
_MOST_TEXT = 5_000  # characters of an error
_MOST_FRAMES = 20  # the last of an error's, which may recur
# What zipfile and its decompressors raise for an archive that is broken or encrypted.
_BROKEN = (
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError),
    *(OSError, ValueError, RuntimeError),
)


def builder(task: Task, framework: str) -> Build | None:
    """Return what builds the user's model of a framework; None: it has layers.

    It raises CodeFailed, DataUnavailable.
    """
    code = task.spec.code
    if code is None or framework not in code.sources:
        return None
    source = code.sources[framework]
    directory = task.output_dir / DIRECTORY

    def build() -> object:
        _unpack(task.spec, task.data_dir, directory)
        return _call(source, directory, framework)

    return build


@contextlib.contextmanager
def offered(**values: Callable[[], object]) -> Iterator[None]:
    """Enter what gives a function that builds a model those ``values`` that it has parameters for.

    The job's own arguments go before.
    """
    token = _OFFERED.set(values)
    try:
        yield
    finally:
        _OFFERED.reset(token)


def source(spec: JobSpec, framework: str) -> CodeSource:
    """Return which code is a framework's; if it takes the layers, those are named as its file.

    Raises CodeFailed if there is neither.
    """
    found = None if spec.code is None else spec.code.sources.get(framework)
    if found is None and not spec.layers:
        raise CodeFailed(f"The job has no code for {framework}.", framework=framework)
    return found or CodeSource(file="the workload's layers")


def notes(spec: JobSpec, framework: str) -> list[str]:
    """Return what is to be said of a framework's model before it is looked at."""
    of_layers = spec.code is not None and framework not in spec.code.sources
    return ["The model is the workload's layers, as the framework's users write them."] * of_layers


def named(source: CodeSource) -> str:
    """Return what builds a model, for people: the file and its function."""
    return f"{PurePath(source.file).name}:{source.function}"


def require_logits(
    spec: JobSpec, framework: str, shape: Sequence[int | None], samples: int | None = None
) -> None:
    """Check the shape of what a model returns of ``samples``, if that is known. Raises CodeFailed.

    It is [samples, outputs], as many as the dataset has, and of tokens [samples, time, outputs].
    """
    due = (samples, *catalog.info(spec.dataset).target)
    fits = len(shape) == len(due) and all(
        None in pair or pair[0] == pair[1] for pair in zip(shape, due, strict=True)
    )
    if not fits:
        wanted = ", ".join(["batch" if samples is None else str(samples), *map(str, due[1:])])
        raise CodeFailed(
            f"The model of {named(source(spec, framework))} of {framework} returns "
            f"{list(shape)}, and [{wanted}] is needed: logits of the dataset's {due[-1]} outputs. "
            f"If it returns several, code.{framework}.output names one.",
            framework=framework,
        )


def no_tensor(spec: JobSpec, framework: str, made: object, chosen: object) -> CodeFailed:
    """Return the error of an output that is no tensor: the one ``chosen`` of what was ``made``."""
    own = source(spec, framework)
    which = f"output {own.output}" if own.output else "first output"
    has = "is missing" if chosen is None else f"is a {type(chosen).__name__}, not a tensor"
    return CodeFailed(
        f"The {which} of the model of {named(own)} of {framework} {has}; the model returned a "
        f"{type(made).__name__}.",
        framework=framework,
    )


def _unpack(spec: JobSpec, data_dir: Path, directory: Path) -> None:
    if spec.code is None or spec.code.files is None:
        raise CodeFailed("The job has no archive of the code's files.")
    files = spec.code.files
    archive = Blobs(data_dir / BLOBS).use(files.sha256, files.size_bytes)
    try:
        with zipfile.ZipFile(archive) as opened:
            size = sum(entry.file_size for entry in opened.infolist())
            if size > _MOST_BYTES:
                raise CodeFailed(f"The code's files take {size:,} bytes; at most {_MOST_BYTES:,}.")
            opened.extractall(directory)  # strips what leads out of the directory
    except _BROKEN as error:
        raise CodeFailed(f"The archive of the code cannot be unpacked: {error}.") from error


def _call(source: CodeSource, directory: Path, framework: str) -> object:
    """Import the file, with its directory as Python would run it, and call its function."""
    path = directory / framework / PurePath(source.file).name
    if not os.path.isfile(path):  # noqa: PTH113 - which also knows that a name may be too long
        raise CodeFailed(f"The code of {framework} lacks the file {path.name}.")
    if str(path.parent) not in sys.path:
        sys.path.insert(0, str(path.parent))
    try:
        function = getattr(_imported(path), source.function, None)
    except BaseException as error:
        raise failed(error, path.name, framework) from error
    if not callable(function):
        raise CodeFailed(f"{path.name} of {framework} has no function {source.function}.")
    try:
        return function(**_arguments(source, function))
    except BaseException as error:
        raise failed(error, path.name, framework) from error


def _arguments(source: CodeSource, function: Callable[..., object]) -> dict[str, object]:
    given: dict[str, object] = json.loads(source.arguments) if source.arguments else {}
    try:
        names = inspect.signature(function).parameters
    except (TypeError, ValueError):  # it does not say
        return given
    offered = {name: make() for name, make in _OFFERED.get().items() if name in names}
    return offered | given


def _imported(path: Path) -> ModuleType:
    """Import a file under a name that no installed module has."""
    name = f"code_{path.stem}"
    found = importlib.util.spec_from_file_location(name, path)
    if found is None or found.loader is None:
        raise ImportError(f"{path.name} is not a Python file: its name must end in .py")
    module = importlib.util.module_from_spec(found)
    sys.modules[name] = module
    found.loader.exec_module(module)
    return module


def failed(error: BaseException, file: str, framework: str) -> CodeFailed:
    """Return the error that one raised by the user's code is to a client."""
    folder = f"/{DIRECTORY}/{framework}/"
    frames = [f for f in traceback.extract_tb(error.__traceback__) if folder in f.filename]
    places = "".join(
        f"  {frame.filename.rpartition(folder)[2]}:{frame.lineno}, in {frame.name}: {frame.line}\n"
        for frame in frames[-_MOST_FRAMES:]
    )
    what = f"{type(error).__name__}: {_said(error)}"
    return CodeFailed(
        f"{file} of {framework} failed with {what}\n{places}".rstrip(),
        framework=framework,
        file=file,
    )


def _said(error: BaseException) -> str:
    """Return an error's own text, as far as it has one that can be sent."""
    try:
        text = str(error)
    except Exception as failure:  # noqa: BLE001 - the user's code may raise any
        text = f"(its text fails with {type(failure).__name__})"
    return text[:_MOST_TEXT].encode(errors="replace").decode()


def tensors(spec: JobSpec) -> Sequence[CodeTensor]:
    """Return the model's arrays, as the client paired them."""
    return () if spec.code is None else spec.code.tensors


def by_name(spec: JobSpec, framework: str, by_key: Mapping[str, View]) -> dict[str, View]:
    """Return the view of each of the spec's tensors, in the spec's order.

    ``by_key``: all that the framework's model has. Raises CodeFailed if it lacks one, or has it in
    another shape.
    """
    named: dict[str, View] = {}
    for tensor in tensors(spec):
        key = getattr(tensor, framework)
        view = by_key.get(key)
        if view is None or view.shape != tensor.shape:
            has = "none" if view is None else str(view.shape)
            file = PurePath(source(spec, framework).file).name
            raise CodeFailed(
                f"The job names {key} {tensor.shape} as {tensor.name}, but the model of {file} has "
                f"{has}.",
                framework=framework,
                file=file,
            )
        named[tensor.name] = view
    return named
