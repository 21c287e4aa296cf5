"""What the user paired by hand: keys of tensors or paths of layers, or patterns with one `*`."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from twinrun.contract.traced import ModelTraced

from orchestrator.errors import BadInput
from orchestrator.language.phrases import Phrase, english

_NOTHING = Phrase(
    'code.pairs: neither side has a tensor or layer "{name}"; `orchestrator pair` lists all of'
    " them."
)
_NO_OTHER = Phrase(
    'code.pairs: "{name}" is paired with "{other}", which the other side does not have;'
    " `orchestrator pair` lists all of them."
)
_TWICE = Phrase(
    'code.pairs: "{name}" is paired with both "{one}" and "{other}"; it can have one pair.'
)
_MARK = "@"  # Before a variant.


@dataclass(frozen=True, slots=True)
class ByHand:
    """First side to second. ``tensors``: keys, with variants; ``layers``: paths."""

    tensors: dict[str, str] = field(default_factory=dict)
    layers: dict[str, str] = field(default_factory=dict)


def resolve(pairs: Mapping[str, str], first: ModelTraced, second: ModelTraced) -> ByHand:
    """Return all that ``pairs`` name, from either side to the other. Raises BadInput."""
    found = ByHand()
    sides = [(_tensors(model), _layers(model)) for model in (first, second)]
    for name, other in pairs.items():
        entries = [
            (held, one, match)
            for held, own in ((found.tensors, 0), (found.layers, 1))
            for one, two in ((0, 1), (1, 0))
            for match in _matches(name, other, sides[one][own], sides[two][own])
        ]
        if not entries:
            raise BadInput(
                english(_NOTHING, name=name)
                if not _known(name, sides)
                else english(_NO_OTHER, name=name, other=other)
            )
        for held, one, (key, value) in entries:
            mine, theirs = (key, value) if one == 0 else (value, key)
            _keep(held, mine, theirs)
    return found


def _keep(held: dict[str, str], mine: str, theirs: str) -> None:
    """Add a pair. Raises BadInput if either has another."""
    bare = {bare_key(key): (key, value) for key, value in held.items()}
    taken = {bare_key(value): key for key, value in held.items()}
    if bare_key(mine) in bare and bare[bare_key(mine)] != (mine, theirs):
        one = bare[bare_key(mine)][1]
        raise BadInput(english(_TWICE, name=mine, one=one, other=theirs))
    if taken.get(bare_key(theirs), mine) != mine:
        one = taken[bare_key(theirs)]
        raise BadInput(english(_TWICE, name=theirs, one=one, other=mine))
    held[mine] = theirs


def bare_key(key: str) -> str:
    """Return a key without its variant."""
    return key.partition(_MARK)[0]


def _tensors(model: ModelTraced) -> list[str]:
    return [tensor.key for tensor in model.tensors]


def _layers(model: ModelTraced) -> list[str]:
    """Return the paths of all layers, called or not, each once."""
    called = [layer.path for layer in model.layers]
    return list(dict.fromkeys([*called, *(tensor.layer for tensor in model.tensors)]))


def _matches(
    name: str, other: str, own: Iterable[str], others: Iterable[str]
) -> list[tuple[str, str]]:
    """Return the pairs of names that exist; a variant stays at its end."""
    known = set(others)
    pairs = [(key, other.replace("*", part)) for key, part in _matched(name, own)]
    return [(key, value) for key, value in pairs if bare_key(value) in known]


def _matched(pattern: str, names: Iterable[str]) -> list[tuple[str, str]]:
    """Return the names that match, and what stands for the `*` in each."""
    bare, mark, variant = pattern.partition(_MARK)
    head, star, tail = bare.partition("*")
    if not star:
        return [(pattern, "")] if bare in set(names) else []
    inner = slice(len(head), -len(tail) or None)
    return [
        (name + mark + variant, name[inner])
        for name in names
        if len(name) > len(head + tail) and name.startswith(head) and name.endswith(tail)
    ]


def _known(name: str, sides: Iterable[tuple[list[str], list[str]]]) -> bool:
    return any(_matched(name, names) for side in sides for names in side)
