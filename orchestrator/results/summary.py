"""A model as each framework reports it, side by side."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from twinrun.v1 import job_pb2

from orchestrator.language.phrases import Phrase, Sentence, english, join
from orchestrator.language.words import SEMICOLON, label, listed
from orchestrator.storage import store
from orchestrator.trials.mappings.stored import as_json

SCHEMA = "twinrun.summary/1"
_AGREE = Phrase("{frameworks} agree: {layers} layers, {parameters:,} parameters.")
_AGREE_UNTRAINED = Phrase(
    "{frameworks} agree: {layers} layers, {parameters:,} parameters, {untrained:,} of them not "
    "trained (moving statistics, which PyTorch calls buffers)."
)
_DIFFER = Phrase("They do not agree: {differences}.")
_COUNT = Phrase("{first} has {one} layers and {second} {other}")
_LAYER = Phrase("the output of layer {index} is {one} for {first} and {other} for {second}")
_DESCRIBED = Phrase("{shape} with {parameters:,} parameters")
_DESCRIBED_UNTRAINED = Phrase("{shape} with {parameters:,} parameters ({untrained:,} not trained)")
_ONE = Phrase("{framework}: {layers} layers, {parameters:,} parameters.")
_ONE_UNTRAINED = Phrase(
    "{framework}: {layers} layers, {parameters:,} parameters, {untrained:,} of them not trained."
)


@dataclass(frozen=True, slots=True)
class Summary:
    """``models`` by framework; ``agree``: None if there is only one."""

    models: Mapping[str, job_pb2.ModelSummarized]
    agree: bool | None
    sentence: Sentence


def summary(models: Mapping[str, job_pb2.ModelSummarized], baseline: str | None = None) -> Summary:
    """Compare; layers agree if they have the same output shape and number of parameters.

    The ``baseline``, by default the first, is compared with each other one.
    """
    first = baseline or next(iter(models))
    one, others = models[first], [each for each in models.items() if each[0] != first]
    if not others:
        sentence = english(
            _ONE_UNTRAINED if one.untrained_count else _ONE,
            framework=label(first),
            layers=len(one.layers),
            parameters=one.parameter_count,
            untrained=one.untrained_count,
        )
        return Summary(models, None, sentence)
    differences = [text for name, other in others for text in _differences(first, one, name, other)]
    if differences:
        return Summary(models, False, english(_DIFFER, differences=join(SEMICOLON, differences)))
    sentence = english(
        _AGREE_UNTRAINED if one.untrained_count else _AGREE,
        frameworks=listed(list(map(label, models))),
        layers=len(one.layers),
        parameters=one.parameter_count,
        untrained=one.untrained_count,
    )
    return Summary(models, True, sentence)


def _differences(
    first: str, one: job_pb2.ModelSummarized, second: str, other: job_pb2.ModelSummarized
) -> Sequence[Sentence]:
    names = {"first": label(first), "second": label(second)}
    if len(one.layers) != len(other.layers):
        return [english(_COUNT, **names, one=len(one.layers), other=len(other.layers))]
    pairs = zip(map(described, one.layers), map(described, other.layers), strict=True)
    return [
        english(_LAYER, **names, index=index, one=a, other=b)
        for index, (a, b) in enumerate(pairs)
        if a != b
    ]


def described(layer: job_pb2.LayerSummary) -> Sentence:
    """Describe a layer: ``24x24x32 with 832 parameters``."""
    return english(
        _DESCRIBED_UNTRAINED if layer.untrained_count else _DESCRIBED,
        shape=shape(layer),
        parameters=layer.parameter_count,
        untrained=layer.untrained_count,
    )


def shape(layer: job_pb2.LayerSummary) -> str:
    return "x".join(map(str, layer.output_shape))


def as_dict(found: Summary) -> dict[str, object]:
    mapping = {
        "schema": SCHEMA,
        "models": {name: store.to_mapping(model) for name, model in found.models.items()},
        "agree": found.agree,
        "sentence": found.sentence,
    }
    return as_json(mapping)
