"""Names of runners: a framework, or one version of it, such as ``pytorch-2.13.0``."""

import difflib
import re
from collections.abc import Mapping, Sequence

from orchestrator.errors import BadInput
from orchestrator.frameworks import FRAMEWORKS, parted
from orchestrator.language.phrases import Phrase, Sentence, english
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
    "--runner {names}: no side of this command has that version. 'compare' and 'verify' take it by "
    "--side; every other command asks each framework's usual runner, such as --runner "
    "{framework}=HOST:PORT."
)
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
    sides = [Side.named(name) for name, address in addresses.items() if address]
    versions = [side for side in sides if side.version]
    if versions and len(sides) == 1:
        names = {"name": sides[0].name, "framework": sides[0].framework}
        raise BadInput(english(_ONE_SIDE, **names))
    return tuple(sides) if versions else ()


def check_used(addresses: Mapping[str, str | None], sides: Sequence[Side]) -> None:
    """Check that each address of a version belongs to one of the sides. Raises BadInput."""
    used = {side.runner for side in sides}
    unused = [name for name in addresses if version_of(name) and name not in used]
    if unused:
        names = {"names": ", ".join(unused), "framework": framework_of(unused[0])}
        raise BadInput(english(_NO_SIDE, **names))
