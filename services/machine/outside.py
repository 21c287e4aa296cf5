"""What a job's process has imported that is neither installed nor sent: an editable install.

It is part of the user's model, and changes without its version. So it is noted by its digest.
"""

import hashlib
import site
import sys
import sysconfig
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from types import ModuleType

from twinrun import contract

import services
from services.errors import CodeFailed

_OWN = (Path(services.__file__).parent, Path(contract.__file__).parents[1])
_SEEN: dict[Path, str] = {}  # digests of files that this process has imported
_GENERATED = "__autograph_generated"  # of TensorFlow's, by another name each time


def notes(sent: str, modules: Mapping[str, object] = sys.modules) -> list[str]:
    """Return a sentence on each such package among ``modules``. Raises CodeFailed.

    ``sent``: the name of the folder of what was sent.
    """
    packages = defaultdict[str, list[Path]](list)
    for name, path in sorted(_outside(sent, dict(modules))):
        packages[name.partition(".")[0]].append(path)
    return [
        f"It imports {name}, which is neither sent with it nor installed as a package "
        f"(SHA-256 of its files: {_digest(paths)[:12]})."
        for name, paths in packages.items()
    ]


def _outside(sent: str, modules: Mapping[str, object]) -> Iterator[tuple[str, Path]]:
    installed = {*sysconfig.get_paths().values(), *site.getsitepackages()}
    known = [*_OWN, *map(Path, {*installed, site.getusersitepackages()})]
    known += [path.resolve() for path in known]
    for name, module in modules.items():
        file = getattr(module, "__file__", None) if isinstance(module, ModuleType) else None
        if not file or name.startswith(_GENERATED) or sent in Path(file).parts:
            continue
        path = Path(file)  # which of `torch.ops` is no file
        if path.is_file() and not any(map(path.is_relative_to, known)):
            yield name, path


def _digest(paths: list[Path]) -> str:
    """Hash files as they were when they were imported. Raises CodeFailed if one has changed."""
    sha256 = hashlib.sha256()
    for path in paths:
        with suppress(OSError):
            found = hashlib.sha256(path.read_bytes()).hexdigest()
            if _SEEN.setdefault(path, found) != found:
                raise CodeFailed(
                    f"{path.name}, which the code imports, has changed since this job's process "
                    "imported it. The process ends: run the command again."
                )
            sha256.update(found.encode())
    return sha256.hexdigest()
