"""A task's metrics, as they are named, written and compared. Which it has is its loss's to say."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from twinrun.contract.events import Metrics
from twinrun.contract.losses import Loss
from twinrun.contract.metrics import metric_names
from twinrun.contract.spec import JobSpec

from orchestrator.language.phrases import Phrase, Sentence, english
from orchestrator.language.words import number, percent

_TEST, _TEST_HEADING = Phrase("test {metric}"), Phrase("Test {metric}")
_VALIDATION_HEADING = Phrase("Validation {metric}")
_POINTS = Phrase("{points:.2f} points")
_LEAST_POINTS = 0.00005  # what is written as 0.01 points, as a difference


@dataclass(frozen=True, slots=True)
class Metric:
    """``name``: in the contract, as ``roc_auc``. ``label``: within a sentence.

    ``is_share``: from 0 to 1, written in percent, and differences in points. ``rises``: more is
    better. ``by_chance``: the value of a model that has learned nothing; None: not known.
    """

    name: str
    label: Phrase
    is_share: bool = False
    rises: bool = True
    by_chance: float | None = None

    def of(self, found: Metrics) -> float | None:
        """Return its value; None: the samples do not define it."""
        return found.accuracy if self is ACCURACY else found.others.get(self.name)

    def written(self, value: float) -> str:
        """Write a value."""
        return percent(value) if self.is_share else number(value)

    def apart(self, difference: float) -> Sentence:
        """Write how far two values are apart: ``0.10 points``."""
        if self.is_share:
            return english(_POINTS, points=abs(100 * difference))
        return english(Phrase("{value}"), value=number(abs(difference)))

    def differs(self, difference: float) -> bool:
        """Return whether a difference is more than nothing, as `apart` writes it."""
        return abs(difference) >= _LEAST_POINTS if self.is_share else difference != 0

    def reaches(self, value: float, target: float) -> bool:
        """Return whether a value is as good as the target."""
        return value >= target if self.rises else value <= target

    @property
    def word(self) -> Sentence:
        """The label, to stand in another sentence."""
        return english(self.label)

    @property
    def test(self) -> Sentence:
        """``test accuracy``, within a sentence."""
        if self is ACCURACY:  # some languages put no space before a word of their own
            return english(Phrase("test accuracy"))
        return english(_TEST, metric=self.word)

    @property
    def heading(self) -> Sentence:
        """``Test accuracy``, as a heading."""
        if self is ACCURACY:
            return english(Phrase("Test accuracy"))
        return english(_TEST_HEADING, metric=self.word)

    @property
    def validation_heading(self) -> Sentence:
        """``Validation accuracy``, as a heading."""
        if self is ACCURACY:
            return english(Phrase("Validation accuracy"))
        return english(_VALIDATION_HEADING, metric=self.word)


ACCURACY = Metric("accuracy", Phrase("accuracy"), is_share=True)
BY_NAME: Mapping[str, Metric] = {
    each.name: each
    for each in (
        ACCURACY,
        Metric("top_5_accuracy", Phrase("top-5 accuracy"), is_share=True),
        Metric("macro_f1", Phrase("macro F1")),
        Metric("f1", Phrase("F1")),
        Metric("roc_auc", Phrase("ROC AUC"), by_chance=0.5),
        Metric("average_precision", Phrase("average precision")),
        Metric("perplexity", Phrase("perplexity"), rises=False),
        Metric("rmse", Phrase("RMSE"), rises=False),
        Metric("mae", Phrase("MAE"), rises=False),
        Metric("r2", Phrase("R²"), by_chance=0.0),
    )
}


def metrics_of(loss: Loss) -> tuple[Metric, ...]:
    """Return the metrics of the loss's task, the one that stands for it first."""
    return tuple(BY_NAME[name] for name in metric_names(loss))


def headline(job: JobSpec | None) -> Metric:
    """Return the metric that stands for the job's task; without a job accuracy."""
    return metrics_of(job.loss)[0] if job else ACCURACY


def target_of(job: JobSpec | None) -> tuple[Metric, float] | None:
    """Return the metric and the value that the job should reach; None: it names none."""
    if job is None:
        return None
    if job.target is not None:
        metric = BY_NAME[job.target.metric] if job.target.metric else headline(job)
        return metric, job.target.value
    return None if job.target_accuracy is None else (ACCURACY, job.target_accuracy)


def finite(value: float | None) -> float | None:
    """Return the value; None for what is no number, which a job that diverges has."""
    return value if value is not None and math.isfinite(value) else None
