"""Causes that a pairing shows before any number: what one side alone has, ties or drops."""

from collections.abc import Iterator, Sequence

from twinrun.contract.traced import ModelTraced, TracedTensor

from orchestrator.language.phrases import Phrase, Sentence, english, join
from orchestrator.language.words import COMMA, label
from orchestrator.pairing.causes.catalog import CAUSES, Proof, Why
from orchestrator.pairing.findings import matters, where
from orchestrator.pairing.result import Pairing

_AGAIN = Phrase(
    "{other} calls `{theirs}` more than once, and {has} has arrays of their own for it: {layers}."
)
_TWICE = Phrase(
    "{has} has `{own}` of its own; {other} may use `{theirs}` in its place, as if they were tied."
)
_TIED = Phrase("{has} uses `{earlier}` again in `{own}`, and {other} has two arrays.")
_BIAS = Phrase("`{own}` has a bias in {has}, and `{theirs}` has none in {other}: {parts}.")
_SHAPE = Phrase(
    "`{own}` in {has} has {part} of shape {shape}, and `{theirs}` in {other} one of {found}."
)
_LAYERS = Phrase("{has} has layers that nothing in {other} is like: {layers}.")
_RATE = Phrase("`{own}` drops {rate} of the values in {has}, and `{theirs}` {found} in {other}.")
_DROPS = Phrase("`{own}` drops values in {has}, and `{theirs}` drops none in {other}.")
_NOTHING = Phrase("`{own}` drops values in {has}, and nothing does in {other}.")
_BIASES = "bias"
_SECOND = "recurrent_bias"
_LISTED = 3

Found = Iterator[tuple[str, Sentence]]


def structural(pairing: Pairing) -> tuple[Why, ...]:
    """Return the causes that a pairing's faults are, each once; the likeliest first."""
    names = {cause.key: cause.name for cause in CAUSES} | {"other_shape": _OTHER_SHAPE}
    found: dict[str, Sentence] = {}
    for key, reason in _found(pairing):
        found.setdefault(key, reason)
    return tuple(Why(key, names[key], reason, proof=Proof.SHOWN) for key, reason in found.items())


_OTHER_SHAPE = Phrase("arrays of other shapes")


def _found(pairing: Pairing) -> Found:
    for side in (0, 1):
        yield from _Side(pairing, side).found()


class _Side:
    """What one side has alone."""

    def __init__(self, pairing: Pairing, side: int) -> None:
        self._pairing, self._side = pairing, side
        models = pairing.first, pairing.second
        self._model, self._other = models[side], models[1 - side]
        names = [label(name) for name in pairing.frameworks]
        self._names = {"has": names[side], "other": names[1 - side]}
        self._left: dict[str, list[TracedTensor]] = {}
        for each in pairing.unpaired[side]:
            if matters(each.tensor):
                self._left.setdefault(each.tensor.layer, []).append(each.tensor)
        pairs = [(each.first, each.second)[:: 1 - 2 * side] for each in pairing.tensors]
        self._paired = {
            (mine.layer, prefix): theirs.layer
            for mine, theirs in reversed(pairs)
            for prefix in (mine.part.rpartition(".")[0], "")
        }

    def found(self) -> Found:
        yield from self._ties()
        yield from self._again()
        yield from self._shapes()
        for path, tensors in self._left.items():
            if (path, "") in self._paired:
                yield from self._biases(path, tensors)
        yield from self._draws()
        whole = self._whole()
        if whole:
            yield "missing_activation", english(_LAYERS, **self._names, layers=_listed(whole))

    def _whole(self) -> list[str]:
        """Return layers of which nothing has a counterpart."""
        return [path for path in self._left if (path, "") not in self._paired]

    def _ties(self) -> Found:
        for pair in self._pairing.tensors:
            own, theirs = (pair.first, pair.second)[:: 1 - 2 * self._side]
            if own.tied_to and not theirs.tied_to:
                words = {"earlier": own.tied_to, "own": own.key}
                yield "tied_weights", english(_TIED, **self._names, **words)

    def _again(self) -> Found:
        """Yield layers in place of which the other side calls one again, or uses its array."""
        alone = self._whole()
        called = {layer.path for layer in self._other.layers if layer.call}
        for theirs in called:
            wanted = _shapes(self._other, theirs)
            layers = [path for path in alone if _shapes(self._model, path) == wanted]
            if wanted and layers:
                named = {"theirs": theirs, "layers": _listed(layers)}
                yield "tied_weights", english(_AGAIN, **self._names, **named)
        for path in alone:
            (own, *more) = self._left[path]
            for pair in self._pairing.tensors if not more else ():
                mine, table = (pair.first, pair.second)[:: 1 - 2 * self._side]
                if mine.part == "table" and own.shape in (mine.shape, mine.shape[::-1]):
                    words = {"own": own.key, "theirs": table.key}
                    yield "tied_weights", english(_TWICE, **self._names, **words)

    def _biases(self, path: str, tensors: Sequence[TracedTensor]) -> Found:
        """Yield a bias that the other side's layer lacks; of a GRU, the second one."""
        theirs = self._paired[path, ""]
        others = (each.tensor for each in self._pairing.unpaired[1 - self._side])
        there = {each.part for each in others if each.layer == theirs}  # of another shape
        biases = (each.part for each in tensors if each.part.endswith(_BIASES))
        parts = [part for part in biases if part not in there]
        second = [part for part in parts if part.endswith(_SECOND)]
        if parts:
            prefix = parts[0].rpartition(".")[0]  # of one layer of several in one module
            theirs = self._paired.get((path, prefix), theirs)
            words = {"own": path, "theirs": theirs, "parts": ", ".join(parts)}
            key = "second_gru_bias" if parts == second else "missing_bias"
            yield key, english(_BIAS, **self._names, **words)

    def _shapes(self) -> Found:
        """Yield arrays of one layer, and of one name, whose shapes differ."""
        others = [each.tensor for each in self._pairing.unpaired[1 - self._side]]
        for pair in self._pairing.layers if self._side == 0 else ():
            one, two = self._model.layers[pair.first], self._other.layers[pair.second]
            for own in self._left.get(one.path, ()):
                for theirs in others:
                    if (theirs.layer, theirs.part) == (two.path, own.part):
                        words = {"own": one.path, "theirs": two.path, "part": own.part}
                        shapes = {"shape": own.shape, "found": theirs.shape}
                        yield "other_shape", english(_SHAPE, **self._names, **words, **shapes)

    def _draws(self) -> Found:
        for pair in self._pairing.draws if self._side == 0 else ():
            one, two = self._model.draws[pair[0]], self._other.draws[pair[1]]
            if one.rate != two.rate:
                words = {"own": where(one), "theirs": where(two)}
                rates = {"rate": one.rate, "found": two.rate}
                yield "dropout_rate", english(_RATE, **self._names, **words, **rates)
        paired = {pair[self._side] for pair in self._pairing.draws}
        layers = [
            (self._model.layers[mine].path, self._other.layers[theirs].path)
            for each in self._pairing.layers
            for mine, theirs in [(each.first, each.second)[:: 1 - 2 * self._side]]
        ]
        for index, draw in enumerate(self._model.draws):
            if index not in paired and draw.rate:
                theirs = dict(layers).get(draw.path)
                words = {**self._names, "own": where(draw)}
                yield (
                    "dropout_off",
                    english(_NOTHING, **words)
                    if theirs is None
                    else english(_DROPS, **words, theirs=theirs),
                )


def _shapes(model: ModelTraced, path: str) -> list[tuple[str, tuple[int, ...]]]:
    return sorted((each.part, each.shape) for each in model.tensors if each.layer == path)


def _listed(paths: Sequence[str]) -> Sentence:
    texts = [f"`{path}`" for path in paths[:_LISTED]]
    return join(COMMA, texts if len(paths) <= _LISTED else [*texts, "..."])
