"""Why two readers make different samples of the same files: each cause, in words."""

from dataclasses import dataclass
from enum import StrEnum

from orchestrator.language.phrases import Phrase, Sentence, english


class Cause(StrEnum):
    """Each is found by undoing it: then no difference is left."""

    LAST_BATCH = "last_batch"
    LABELS_SHIFTED = "labels_shifted"
    CLASS_NUMBERS = "class_numbers"
    CLASS_ORDER = "class_order"
    SAMPLE_ORDER = "sample_order"
    IMAGE_ORDER = "image_order"
    CHANNEL_ORDER = "channel_order"
    CHANNELS_FIRST = "channels_first"
    ORIENTATION = "orientation"
    CROP = "crop"
    SCALE = "scale"
    INVERTED = "inverted"
    NOT_NORMALISED = "not_normalised"
    NORMALISED_TWICE = "normalised_twice"
    NORMALISATION = "normalisation"
    ANTIALIAS = "antialias"
    RESIZER = "resizer"
    GREY = "grey"
    DECODER = "decoder"
    ROUNDING = "rounding"
    UNKNOWN = "unknown"


_WORDS = {
    Cause.LAST_BATCH: Phrase(
        "{other} leaves out the last {count}, as a loader that drops the last batch does"
    ),
    Cause.LABELS_SHIFTED: Phrase("the labels of {other} are shifted by {count:+d} samples"),
    Cause.CLASS_NUMBERS: Phrase("the classes of {other} have other numbers: {count:+d}"),
    Cause.CLASS_ORDER: Phrase("{other} has the classes in another order"),
    Cause.SAMPLE_ORDER: Phrase("{other} has the samples in another order"),
    Cause.IMAGE_ORDER: Phrase(
        "{other} has the images in another order, but not their labels, which are now at others"
    ),
    Cause.CHANNEL_ORDER: Phrase(
        "{other} has the channels in another order: {order} where {one} has 1, 2, 3"
    ),
    Cause.CHANNELS_FIRST: Phrase(
        "{other} takes pixels that lie channel by channel for pixels that lie side by side"
    ),
    Cause.ORIENTATION: Phrase("{other} has the images {how}"),
    Cause.CROP: Phrase(
        "the images of {other} are shifted by {down:+d} rows and {right:+d} columns, as by a crop "
        "that is off by one"
    ),
    Cause.SCALE: Phrase("the pixels of {other} are {factor:.4g} times those of {one}"),
    Cause.INVERTED: Phrase("{other} has dark and light exchanged"),
    Cause.NOT_NORMALISED: Phrase("{other} does not normalise"),
    Cause.NORMALISED_TWICE: Phrase("{other} normalises twice"),
    Cause.NORMALISATION: Phrase(
        "{other} normalises by other values: mean {means}, standard deviation {stds}"
    ),
    Cause.ANTIALIAS: Phrase("{other} resizes without antialiasing, {one} with it"),
    Cause.RESIZER: Phrase("{other} resizes by {way}, {one} by {way_of_one}"),
    Cause.GREY: Phrase("{other} mixes grey of {mix} red, green and blue, {one} of {mix_of_one}"),
    Cause.DECODER: Phrase("they decode JPEG files by different arithmetic"),
    Cause.ROUNDING: Phrase("they round to whole levels at different places"),
    Cause.UNKNOWN: Phrase("no known one"),
}


@dataclass(frozen=True, slots=True, eq=False)
class Why:
    """A cause, with the ``values`` of its sentence; ``swapped``: it is with the first reader."""

    cause: Cause
    values: dict[str, object]
    swapped: bool = False

    def said(self, one: str, other: str) -> Sentence:
        """Say it; the names are of the first reader and the second."""
        one, other = (other, one) if self.swapped else (one, other)
        return english(_WORDS[self.cause], one=one, other=other, **self.values)


def why(cause: Cause, *, swapped: bool = False, **values: object) -> Why:
    return Why(cause, values, swapped)
