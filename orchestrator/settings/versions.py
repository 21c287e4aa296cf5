"""Names of runners: a framework, or one version of it, such as ``pytorch-2.13.0``."""

import difflib
import re
from collections.abc import Mapping, Sequence

from orchestrator.errors import BadInput
from orchestrator.frameworks import FRAMEWORKS, parted
from orchestrator.language.phrases import Phrase, Sentence, english, join
from orchestrator.language.words import LINES
from orchestrator.trials.sides import VERSION, Side, framework_of, version_of

_NO_FRAMEWORK = Phrase("there is no framework {name!r}; choose from {known}")
_NEAR = Phrase("there is no framework {name!r}; did you mean {near}?")
_NO_VERSION = Phrase(
    "{name!r} names no version of {framework}; write numbers with dots between them, such as "
    "{framework}-2.13.0"
)
_NO_OTHER = Phrase(
    "{name!r}: {framework} runs in the usual environment of {on}, which has one version of it; "
    "write {framework}"
)
_NO_SIDE = Phrase(
    "--runner {names}: nothing in this command has that version. compare, explain, largest-batch, "
    "parity, sweep and verify take a version by --side, env and jobs by --frameworks; all others "
    "ask each framework's usual runner, such as --runner {framework}=HOST:PORT."
)
_NOT_HERE = Phrase(
    "--frameworks takes no version here, and {names} names one. compare, explain, largest-batch, "
    "parity, sweep and verify take a version by --side, env and jobs by --frameworks; all others "
    "ask each framework's usual runner."
)
_TWICE = Phrase("--frameworks names {name} twice; name it once.")
_ONE_SIDE = Phrase(
    "--runner {name} is one side of a comparison; give the other's address by another --runner, or "
    "name both sides, such as --side {name} --side {framework}."
)
_OTHER_SEPARATOR = re.compile(r"(\w+)\W+(\d[\d.]*)")  # pytorch==2.13.0, pytorch@2.13.0


def split(name: str) -> tuple[str, str] | Sentence:
    """Return framework and version of a name; the version may be empty. Else what is wrong."""
    framework, version = parted(name)
    if framework not in FRAMEWORKS:
        return _no_framework(name)
    if version and FRAMEWORKS[framework].on:
        given = {"name": name, "framework": framework}
        return english(_NO_OTHER, **given, on=FRAMEWORKS[framework].on)
    if name != framework and not VERSION.fullmatch(version):
        return english(_NO_VERSION, name=name, framework=framework)
    return framework, version


def _no_framework(name: str) -> Sentence:
    other = _OTHER_SEPARATOR.fullmatch(name)
    framework, version = (other[1], f"-{other[2]}") if other else (parted(name)[0], "")
    if name.lower() in FRAMEWORKS:  # which may have a dash
        framework, version = name, ""
    near = difflib.get_close_matches(framework.lower(), FRAMEWORKS, 1)
    if near:
        return english(_NEAR, name=name, near=f"{near[0]}{version}")
    return english(_NO_FRAMEWORK, name=name, known=", ".join(FRAMEWORKS))


def of_addresses(addresses: Mapping[str, str | None]) -> tuple[Side, ...]:
    """Return the sides that addresses of runners make, where one of them names a version.

    Empty: none does. Raises BadInput if they make one side alone.
    """
    sides = _of_versions(addresses)
    if len(sides) == 1:
        names = {"name": sides[0].name, "framework": sides[0].framework}
        raise BadInput(english(_ONE_SIDE, **names))
    return tuple(sides)


def check_used(addresses: Mapping[str, str | None], sides: Sequence[Side]) -> None:
    """Check that each address of a version belongs to one of the sides. Raises BadInput."""
    used = {side.runner for side in sides}
    unused = [name for name in addresses if version_of(name) and name not in used]
    if unused:
        names = {"names": ", ".join(unused), "framework": framework_of(unused[0])}
        raise BadInput(english(_NO_SIDE, **names))


def runners(names: str, addresses: Mapping[str, str | None], usual: str) -> tuple[str, ...]:
    """Parse names of runners: ``pytorch,pytorch-2.13.0``.

    Where ``names`` is what is ``usual`` and an address is a version's, it is those with addresses.
    Raises BadInput with everything that is wrong.
    """
    if names == usual and (sides := _of_versions(addresses)):
        return tuple(side.name for side in sides)
    listed = tuple(name.strip() for name in names.split(","))
    faults = [found for found in map(split, listed) if not isinstance(found, tuple)]
    twice = [name for name in dict.fromkeys(listed) if listed.count(name) > 1]
    faults += [english(_TWICE, name=name) for name in twice]
    if faults:
        raise BadInput(join(LINES, faults))
    return listed


def of_none(names: str) -> tuple[str, ...]:
    """Parse names where a command takes no version. Raises BadInput if one names any."""
    listed = tuple(name.strip() for name in names.split(","))
    named = [name for name in listed if isinstance(found := split(name), tuple) and found[1]]
    if named:
        given = ", ".join(named)
        raise BadInput(english(_NOT_HERE, names=given))
    return listed


def _of_versions(addresses: Mapping[str, str | None]) -> list[Side]:
    """Return the sides that addresses make, where one of them names a version; else none."""
    sides = [Side.named(name) for name, address in addresses.items() if address]
    return sides if any(side.version for side in sides) else []
