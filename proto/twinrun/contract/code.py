"""A model in the user's own code: which files build it, and which of its arrays are which."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields

from twinrun.contract.enums import CodeLayout


@dataclass(frozen=True, slots=True)
class CodeSource:
    file: str
    function: str = "build"
    arguments: str = ""
    layout: CodeLayout | None = None
    output: str = ""
    case: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class StoredFile:
    sha256: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class CodeTensor:
    name: str
    shape: tuple[int, ...]
    trained: bool = False
    pytorch: str = ""
    tensorflow: str = ""
    jax: str = ""

    def key(self, framework: str) -> str:
        """Return what it is called by a framework's side."""
        keys: dict[str, str] = {name: getattr(self, name) for name in CODED}
        return keys[framework]


@dataclass(frozen=True, slots=True)
class Code:
    pytorch: CodeSource | None = None
    tensorflow: CodeSource | None = None
    pairs: dict[str, str] = field(default_factory=dict, hash=False)
    without_dropout: bool = False
    files: StoredFile | None = None
    initial: StoredFile | None = None
    tensors: tuple[CodeTensor, ...] = ()
    notes: tuple[str, ...] = ()
    returned: StoredFile | None = None
    jax: CodeSource | None = None

    @property
    def stored(self) -> Mapping[str, StoredFile]:
        """The files that a client uploads before the job, by field."""
        files = {"files": self.files, "initial": self.initial, "returned": self.returned}
        return {name: stored for name, stored in files.items() if stored is not None}

    @property
    def sources(self) -> Mapping[str, CodeSource]:
        """The sources, by framework."""
        sources = {name: getattr(self, name) for name in CODED}
        return {name: source for name, source in sources.items() if source is not None}


# The frameworks that train users' own models: those that a source can be of.
CODED = tuple(each.name for each in fields(Code) if each.type == CodeSource | None)
