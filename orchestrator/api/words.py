"""Remedies in the words of Python: a sentence names flags and commands, and a caller has neither.

Flags are the same in every language, so this holds for translations too.
"""

import functools
import importlib
import inspect
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from orchestrator.errors import OrchestratorError
from orchestrator.frameworks import FRAMEWORKS
from orchestrator.language.phrases import stored
from orchestrator.settings.job import FLAGS, choices

# Commands, and the functions that do the same.
_FUNCTIONS = {
    **{
        name: name
        for name in (
            *("compare", "verify", "explain", "evaluate", "preview", "diff"),
            *("sweep", "resume"),
        )
    },
    "show": "load",
    "runs": "runs",
}
_HOMES = tuple(
    f"orchestrator.api.{name}" for name in ("functions", "proving", "looking", "sweeping")
)
_OTHER_NAMES = {"set": "changes", "no-verify": "verify"}
_VALUES = {
    "recipe": ("matched", "idiomatic", "both"),
    "loop": ("fit", "custom", "both"),
    "aa": tuple(FRAMEWORKS),
    **{name.replace("_", "-"): tuple(choices(name)) for name in FLAGS},
}
_QUOTE = r"(?P<quote>'|`|&#x27;)"
_COMMAND = re.compile(rf"{_QUOTE}orchestrator (?P<name>[a-z]+)(?P<rest>[^'`&]*)(?P=quote)")
_FLAG = re.compile(
    r"(?<![\w-])--(?P<name>[a-z][a-z-]*[a-z])(?:[ =](?P<value>\w+(?:\.\d+)?(?:,\d+)*))?"
)


def in_python(text: str) -> str:
    """Rewrite ``--until-sure`` as ``until_sure=True`` and ``--repeats 10`` as ``repeats=10``.

    And ``'orchestrator verify'`` as ``orchestrator.verify()``. What no function has stays.
    """
    parts = []
    end = 0
    for match in _COMMAND.finditer(text):
        parts += [_flags(text[end : match.start()]), _command(match)]
        end = match.end()
    return "".join([*parts, _flags(text[end:])])


@contextmanager
def in_words_of_python() -> Iterator[None]:
    """Put the message of an error into the words of Python."""
    try:
        yield
    except OrchestratorError as error:
        error.message = stored(in_python(error.message))
        error.args = (error.message,)
        raise


def _command(match: re.Match[str]) -> str:
    function = _FUNCTIONS.get(match["name"])
    if function is None:
        return match[0]
    words = _flags(match["rest"]).split()
    positional = [f'"{word}"' if word.isidentifier() else word for word in words]
    return f"orchestrator.{function}({', '.join(positional)})"


def _flags(text: str) -> str:
    return _FLAG.sub(_flag, text)


def _flag(match: re.Match[str]) -> str:
    """Return a keyword of the functions, or the flag as it was."""
    flag, value = match["name"], match["value"] or ""
    name = _OTHER_NAMES.get(flag, flag.replace("-", "_"))
    kinds = _keywords()
    if name not in kinds:
        return match[0]
    rest = match[0].removeprefix(f"--{flag}")
    if flag == "no-verify":
        return f"verify=False{rest}"
    if kinds[name] is bool:
        return f"{name}=True{rest}"
    if value in _VALUES.get(flag, ()):
        return f'{name}="{value}"'
    if re.fullmatch(r"\d+(,\d+)+", value):
        return f"{name}=[{value.replace(',', ', ')}]"
    if re.fullmatch(r"\d[\d.]*", value):
        return f"{name}={value}"
    return f"{name}{rest}"


@functools.cache
def _keywords() -> Mapping[str, object]:
    """Return the keywords of all functions, with the types of their defaults."""
    found: dict[str, object] = {}
    for home in _HOMES:
        module = importlib.import_module(home)
        for function in set(_FUNCTIONS.values()) & set(vars(module)):
            signature = inspect.signature(getattr(module, function))
            found |= {each.name: type(each.default) for each in signature.parameters.values()}
    return found
