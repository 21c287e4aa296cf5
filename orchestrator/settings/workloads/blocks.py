"""A block of a transformer, replaced by the layers that it stands for.

They are replaced in YAML's nodes, so that every value keeps its line.
"""

from collections.abc import Iterator
from typing import Any

import yaml

from orchestrator.errors import BadInput
from orchestrator.language.phrases import Phrase, Sentence, english, join
from orchestrator.language.words import COMMA

_KIND = "transformer_block"
_REQUIRED = ("width", "heads")
_FIELDS = (
    *_REQUIRED,
    *("hidden", "times", "causal", "pre_norm", "dropout", "attention_dropout", "activation"),
)
_NOT_A_BLOCK = Phrase(
    "Line {line}: transformer_block has {faults}; it must have width and heads, and may have "
    "{fields}."
)
_NONE, _OTHER, _VALUE = Phrase("no {name}"), Phrase("a field {name}"), Phrase("{name} {value!r}")
_INT = "tag:yaml.org,2002:int"
_TAGS = {"width": _INT, "pre_norm": "tag:yaml.org,2002:bool"}  # of what is read here


def write_blocks(node: yaml.Node) -> None:
    """Replace each ``transformer_block`` in a node of layers by a ``repeat`` of its layers.

    Raises BadInput with everything that a block lacks, or has too much.
    """
    for each in node.value if isinstance(node, yaml.SequenceNode) else ():
        write_blocks(each)
    if not isinstance(node, yaml.MappingNode):
        return
    for index, (kind, value) in enumerate(node.value):
        write_blocks(value)
        if kind.value == _KIND:
            key = yaml.ScalarNode(kind.tag, "repeat", kind.start_mark, kind.end_mark)
            node.value[index] = (key, _node(_repeat(value), value))


def _repeat(block: yaml.Node) -> dict[str, Any]:
    """Return the repetition of Vaswani et al.'s (2017) encoder layer, norms before or after."""
    given = _given(block)
    pre_norm = "pre_norm" not in given or _plain(given["pre_norm"])
    attention: dict[str, yaml.Node] = {"heads": given["heads"]}
    if "causal" in given:
        attention["causal"] = given["causal"]
    if "attention_dropout" in given:
        attention["dropout"] = given["attention_dropout"]
    hidden = given.get("hidden", 4 * _plain(given["width"]))
    function = given.get("activation", "ACTIVATION_FUNCTION_GELU")
    perceptron = [
        {"dense": {"units": hidden}},
        {"activation": {"function": function}},
        {"dense": {"units": given["width"]}},
    ]
    layers = []
    for part in ([{"multi_head_attention": attention}], perceptron):
        dropped = [{"dropout": {"rate": given["dropout"]}}] if "dropout" in given else []
        norm: list[Any] = [{"layer_norm": {}}]
        if pre_norm:
            layers.append({"residual": {"layers": [*norm, *part, *dropped]}})
        else:
            layers += [{"residual": {"layers": [*part, *dropped]}}, *norm]
    return {"times": given.get("times", 1), "layers": layers}


def _given(block: yaml.Node) -> dict[str, yaml.Node]:
    """Return the block's fields by name."""
    held = block.value if isinstance(block, yaml.MappingNode) else []
    given = {str(key.value): value for key, value in held}
    if faults := list(_faults(given)):
        line, fields = block.start_mark.line + 1, ", ".join(_FIELDS[len(_REQUIRED) :])
        said = join(COMMA, faults)
        raise BadInput(english(_NOT_A_BLOCK, line=line, faults=said, fields=fields))
    return given


def _faults(given: dict[str, yaml.Node]) -> Iterator[Sentence]:
    yield from (english(_NONE, name=name) for name in _REQUIRED if name not in given)
    for name, value in given.items():
        if name not in _FIELDS:
            yield english(_OTHER, name=name)
        elif value.tag != _TAGS.get(name, value.tag):
            yield english(_VALUE, name=name, value=_plain(value))


def _plain(node: yaml.Node) -> Any:
    return yaml.safe_load(yaml.serialize(node))


def _node(value: Any, at: yaml.Node) -> yaml.Node:
    """Return a value as a node that stands ``at`` another; nodes in it stay as they are."""
    marks = at.start_mark, at.end_mark
    if isinstance(value, yaml.Node):
        return value
    if isinstance(value, dict):
        pairs = [
            (_node(name, each if isinstance(each, yaml.Node) else at), _node(each, at))
            for name, each in value.items()
        ]
        return yaml.MappingNode("tag:yaml.org,2002:map", pairs, *marks)
    if isinstance(value, list):
        inner = [_node(each, at) for each in value]
        return yaml.SequenceNode("tag:yaml.org,2002:seq", inner, *marks)
    tag = _INT if isinstance(value, int) else "tag:yaml.org,2002:str"
    return yaml.ScalarNode(tag, str(value), *marks)
