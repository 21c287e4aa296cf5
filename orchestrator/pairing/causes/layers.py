"""What a layer's settings are otherwise: each is tried in the layer's formula."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from orchestrator.language.phrases import Phrase, Sentence, english
from orchestrator.pairing.causes import by_hand
from orchestrator.pairing.causes.alone import inserted
from orchestrator.pairing.causes.clues import Cause, Clues, Side, Tried
from orchestrator.pairing.formulas.layers import with_settings
from orchestrator.pairing.formulas.settings import numbers
from orchestrator.pairing.locate import Place

SETTING = Phrase("{side}'s {setting} of `{path}` were {value}")
_EVALUATING = Phrase("{side}'s `{path}` were in the mode for evaluation, as {other}'s is")
_SEVERAL = Phrase("{side}'s `{path}` had the settings {settings}")
KIND = Phrase("{side}'s `{path}` were {kind}")

Find = Callable[[Clues], Iterator[Tried]]


def changed(clues: Clues, side: Side, change: Sentence, **settings: str) -> Iterator[Tried]:
    """Yield what the side's layer returns with other settings."""
    yield from clues.tried(side, change, with_settings(side.layer, **settings))


def any_of(*finds: Find) -> Find:
    """Return what tries all of them."""

    def found(clues: Clues) -> Iterator[Tried]:
        for find in finds:
            yield from find(clues)

    return found


def at_layer(kinds: Sequence[str], find: Callable[[Clues, Side, Side], Iterator[Tried]]) -> Find:
    """Return what tries both sides, if the place is a layer of one of these kinds."""

    def found(clues: Clues) -> Iterator[Tried]:
        for side in clues.views() if clues.located.place is Place.OUTPUT else ():
            if side.index is not None and side.layer.kind.startswith(tuple(kinds)):
                yield from find(clues, side, clues.other(side))

    return found


def setting(name: str, kinds: Sequence[str], *usual: str) -> Find:
    """Return what tries the other side's value of a setting, then the ``usual`` ones."""

    def find(clues: Clues, side: Side, other: Side) -> Iterator[Tried]:
        theirs = other.layer.settings.get(name)
        for value in dict.fromkeys([theirs, *usual]):
            if value is not None and value != side.layer.settings.get(name):
                change = english(
                    SETTING, side=side.name, setting=name, path=side.layer.path, value=value
                )
                yield from changed(clues, side, change, **{name: value})

    return at_layer(kinds, find)


def _padding(clues: Clues, side: Side, other: Side) -> Iterator[Tried]:
    """Yield the other side's padding, then small ones that are the same on all axes."""
    count = len(side.layer.input_shape) - 1
    size = numbers(side.layer.settings, "size", count, 1)[0]
    most = (size - 1) * numbers(side.layer.settings, "dilation", count, 1)[0]
    each = range(min(most, _PADDED) + 1)
    usual = [f"{one}:{two}" for one in each for two in each]
    values = [other.layer.settings.get("padding", ""), *(",".join([u] * count) for u in usual)]
    for value in dict.fromkeys(values):
        change = english(
            SETTING, side=side.name, setting="padding", path=side.layer.path, value=value
        )
        yield from changed(clues, side, change, padding=value)


def _border(*kinds: str) -> Find:
    """Return what gives a side the border that the other has before a layer of these kinds."""
    insert = inserted(lambda kind: kind == "pad")

    def find(clues: Clues) -> Iterator[Tried]:
        if any(
            side.index is not None and side.layer.kind.startswith(kinds) for side in clues.sides
        ):
            yield from insert(clues)

    return find


def _pool_padding(clues: Clues, side: Side, other: Side) -> Iterator[Tried]:
    """Yield the paddings and the padded values that a pool may have."""
    own = side.layer.settings
    for ceil in {"False", other.layer.settings.get("ceil", "False")}:
        if ceil != own.get("ceil", "False"):
            words = {"side": side.name, "setting": "ceil", "path": side.layer.path, "value": ceil}
            yield from changed(clues, side, english(SETTING, **words), ceil=ceil)
    paddings = dict.fromkeys([own.get("padding", ""), other.layer.settings.get("padding", "")])
    for padding in paddings:
        for value in dict.fromkeys([own.get("padding_value", "0.0"), "0.0", "nan", "-inf"]):
            change = english(
                SETTING,
                side=side.name,
                setting="padding",
                path=side.layer.path,
                value=f"{padding} ({value})",
            )
            yield from changed(clues, side, change, padding=padding, padding_value=value)


def _other_kind(clues: Clues, side: Side, other: Side) -> Iterator[Tried]:
    """Yield the other side's kind with the side's own settings."""
    kind = other.layer.kind
    if kind != side.layer.kind:
        theirs = other.layer.settings
        held = {name: theirs[name] for name in ("padding_value",) if name in theirs}
        layer = replace(with_settings(side.layer, **held), kind=kind)
        change = english(KIND, side=side.name, path=side.layer.path, kind=kind)
        yield from clues.tried(side, change, layer)


def _several(clues: Clues, side: Side, other: Side) -> Iterator[Tried]:
    """Yield what the layer returns with all of the other side's settings."""
    own, theirs = side.layer.settings, other.layer.settings
    apart = {name: theirs[name] for name in own if theirs.get(name, own[name]) != own[name]}
    if len(apart) > 1 and side.layer.kind == other.layer.kind:
        texts = ", ".join(f"{name} {value}" for name, value in sorted(apart.items()))
        change = english(_SEVERAL, side=side.name, path=side.layer.path, settings=texts)
        yield from changed(clues, side, change, **apart)


def _evaluating(clues: Clues, side: Side, other: Side) -> Iterator[Tried]:
    """Yield the output by the moving statistics."""
    change = english(_EVALUATING, side=side.name, path=side.layer.path, other=other.name)
    yield from changed(clues, side, change, evaluating="True")


_PADDED = 8  # At most, before and after an axis.
_NORMS = ("layer_norm", "group_norm", "rms_norm")
_CONVOLUTIONS = ("conv", "depthwise_conv")
_POOLS = ("max_pool", "average_pool")
_EPSILONS = ("0.001", "1e-05", "1e-06", "1e-07", "1e-08", "1e-12")

CAUSES = (
    Cause(
        "batch_norm_epsilon",
        Phrase("the epsilon of batch normalization"),
        setting("epsilon", ("batch_norm",), *_EPSILONS),
    ),
    Cause(
        "layer_norm_epsilon",
        Phrase("the epsilon of layer normalization"),
        setting("epsilon", ("layer_norm", "rms_norm"), *_EPSILONS),
    ),
    Cause(
        "group_norm_epsilon",
        Phrase("the epsilon of group normalization"),
        setting("epsilon", ("group_norm",), *_EPSILONS),
    ),
    Cause(
        "norm_axis", Phrase("the axes of the normalization"), setting("axis", _NORMS, "-1", "-2")
    ),
    Cause("norm_groups", Phrase("the number of groups"), setting("groups", ("group_norm",))),
    Cause(
        "eval_mode",
        Phrase("a mode for evaluation that was left on"),
        at_layer(("batch_norm",), _evaluating),
    ),
    Cause(
        "padding_side",
        Phrase("the padding"),
        any_of(at_layer((*_CONVOLUTIONS, "pad"), _padding), _border(*_CONVOLUTIONS)),
    ),
    Cause("stride", Phrase("the stride"), setting("stride", (*_CONVOLUTIONS, *_POOLS))),
    Cause("dilation", Phrase("the dilation"), setting("dilation", _CONVOLUTIONS)),
    Cause("groups", Phrase("the groups of the convolution"), setting("groups", _CONVOLUTIONS)),
    Cause("window", Phrase("the size of the window"), setting("size", _POOLS)),
    Cause(
        "pooling_padding",
        Phrase("the padding of the pool, or what is padded"),
        any_of(at_layer(_POOLS, _pool_padding), _border(*_POOLS)),
    ),
    Cause(
        "other_kind",
        Phrase("another kind of layer"),
        at_layer((*_POOLS, "global_", *_NORMS, "batch_norm"), _other_kind),
    ),
    Cause("softmax_axis", Phrase("the axis of softmax"), setting("axis", ("softmax",))),
    Cause(
        "several_settings",
        Phrase("several settings"),
        at_layer(("",), _several),
        general=True,
    ),
    Cause(
        "attention_mask",
        Phrase("the mask of attention"),
        any_of(
            setting("causal", ("multi_head_attention",), "True", "False"),
            by_hand.ATTENTION.other("mask"),
        ),
    ),
    Cause(
        "head_scaling",
        Phrase("the scale of attention's scores"),
        any_of(
            setting("scale", ("multi_head_attention",), "1.0"),
            by_hand.ATTENTION.other("scale"),
            by_hand.POOL.other("scale"),
        ),
    ),
    Cause(
        "interpolation_corners",
        Phrase("the corners of the interpolation"),
        setting("corners", ("upsample",), "True", "False"),
    ),
    Cause(
        "interpolation",
        Phrase("the interpolation"),
        setting("interpolation", ("upsample",), "nearest", "bilinear"),
    ),
)
