"""Short forms that a user may write in a job spec, replaced by the fields of the proto.

They are replaced in YAML's nodes, so that every field keeps its line.
"""

import json
from collections.abc import Mapping
from typing import Any

import yaml

from orchestrator.settings.workloads.blocks import write_blocks

_TEXT = "tag:yaml.org,2002:str"
_SCALINGS = {
    f"{name}_{distribution}": (scale, f"FAN_MODE_{mode}", f"DISTRIBUTION_{distribution.upper()}")
    for name, scale, mode in (("glorot", 1.0, "AVERAGE"), ("he", 2.0, "IN"), ("lecun", 1.0, "IN"))
    for distribution in ("uniform", "normal")
}
_WITH_WINDOWS = ("conv1d", "conv2d", "conv2d_transpose", "zero_padding2d")
_SAME = ("padding", "same")
_OF_WINDOWS = ("size", "stride", "padding")


def whole(node: yaml.Node | None) -> yaml.Node | None:
    """Replace short forms: names that stand alone, a file's fields, arguments, windows, blocks.

    Raises BadInput if a block is not whole.
    """
    if not isinstance(node, yaml.MappingNode):
        return node
    for index, (key, value) in enumerate(node.value):
        if key.value == "loss" and isinstance(value, yaml.ScalarNode) and value.tag == _TEXT:
            name = value.value.removeprefix("LOSS_").lower()
            nothing = yaml.MappingNode("tag:yaml.org,2002:map", [], *_marks(value))
            pair = (yaml.ScalarNode(_TEXT, name, *_marks(value)), nothing)
            node.value[index] = (key, yaml.MappingNode(nothing.tag, [pair], *_marks(value)))
        elif key.value == "code" and isinstance(value, yaml.MappingNode):
            _write_arguments(value)
        elif key.value == "layers":
            write_blocks(value)
            _write_windows(value)
            _write_initializers(value)
        elif key.value == "optimizer" and isinstance(value, yaml.MappingNode):
            _name_schedule(value)
        elif key.value == "dataset" and isinstance(value, yaml.MappingNode):
            _name_file(value)
    return node


def mapping_of(spec: Mapping[str, Any]) -> dict[str, Any]:
    """Replace short forms in a spec as YAML loads it. Raises BadInput as `whole`."""
    node = whole(yaml.compose(yaml.safe_dump(dict(spec)), yaml.SafeLoader))
    made: dict[str, Any] = yaml.safe_load(yaml.serialize(node))
    return made


def _write_arguments(code: yaml.MappingNode) -> None:
    """Write the arguments of each side's function, a mapping, as the text of a JSON object."""
    for _, source in code.value:
        if not isinstance(source, yaml.MappingNode):
            continue
        for index, (name, value) in enumerate(source.value):
            if name.value == "arguments" and isinstance(value, yaml.MappingNode):
                text = json.dumps(yaml.safe_load(yaml.serialize(value)))
                source.value[index] = (name, yaml.ScalarNode(_TEXT, text, *_marks(value)))


def _write_windows(node: yaml.Node) -> None:
    """Write a window's size, stride or padding of several numbers, or same, in its field."""
    if isinstance(node, yaml.SequenceNode):
        for each in node.value:
            _write_windows(each)
    if not isinstance(node, yaml.MappingNode):
        return
    for kind, value in node.value:
        _write_windows(value)
        if kind.value not in _WITH_WINDOWS or not isinstance(value, yaml.MappingNode):
            continue
        for index, (name, given) in enumerate(value.value):
            if name.value in _OF_WINDOWS and isinstance(given, yaml.SequenceNode):
                axes = "1d" if kind.value == "conv1d" else "2d"
                several = yaml.ScalarNode(name.tag, f"{name.value}_{axes}", *_marks(name))
                value.value[index] = (several, given)
            elif kind.value != "zero_padding2d" and (name.value, given.value) == _SAME:
                yes = yaml.ScalarNode("tag:yaml.org,2002:bool", "true", *_marks(given))
                value.value[index] = (yaml.ScalarNode(name.tag, "same", *_marks(name)), yes)


def _write_initializers(node: yaml.Node) -> None:
    """Write the scaling for which an initializer's name alone stands."""
    for each in node.value if isinstance(node, yaml.SequenceNode) else ():
        _write_initializers(each)
    if not isinstance(node, yaml.MappingNode):
        return
    for index, (name, given) in enumerate(node.value):
        _write_initializers(given)
        if str(name.value).endswith("_initializer") and str(given.value) in _SCALINGS:
            scale, mode, distribution = _SCALINGS[given.value]
            how = {"scale": scale, "mode": mode, "distribution": distribution}
            made = yaml.compose(yaml.safe_dump({"variance_scaling": how}), yaml.SafeLoader)
            if made is not None:  # there is no text of which it would be
                node.value[index] = (name, made)


def _name_schedule(optimizer: yaml.MappingNode) -> None:
    """Write the kind of a schedule that is a warm-up alone."""
    for name, schedule in optimizer.value:
        if name.value != "schedule" or not isinstance(schedule, yaml.MappingNode):
            continue
        if [key.value for key, _ in schedule.value] == ["warmup_steps"]:
            kind = yaml.ScalarNode(_TEXT, "constant", *_marks(name))
            nothing = yaml.MappingNode("tag:yaml.org,2002:map", [], *_marks(name))
            schedule.value.append((kind, nothing))


def _name_file(dataset: yaml.MappingNode) -> None:
    """Write out the fields of a dataset's file; ``file`` alone says the dataset's name."""
    held = {str(key.value): (key, value) for key, value in dataset.value}
    if "file" not in held:
        return
    key, file = held["file"]
    if "name" not in held:
        name = yaml.ScalarNode(_TEXT, "name", *_marks(key))
        dataset.value.append((name, yaml.ScalarNode(_TEXT, "file", *_marks(key))))
    if not isinstance(file, yaml.MappingNode):
        return
    for index, (name, value) in enumerate(file.value):
        if name.value in ("target", "features") and isinstance(value, yaml.ScalarNode):
            several = yaml.SequenceNode("tag:yaml.org,2002:seq", [value], *_marks(value))
            file.value[index] = (name, several)
        elif name.value == "test" and isinstance(value, yaml.ScalarNode):
            meant = "test_path" if value.tag == _TEXT else "test_fraction"
            file.value[index] = (yaml.ScalarNode(name.tag, meant, *_marks(name)), value)


def _marks(node: yaml.Node) -> tuple[Any, Any]:
    return node.start_mark, node.end_mark
