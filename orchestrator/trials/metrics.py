"""A task's metrics, as they are named, written and compared. Which it has is its loss's to say."""

from dataclasses import dataclass
from typing import assert_never

from twinrun.contract.enums import TargetKind
from twinrun.contract.events import Metrics
from twinrun.contract.losses import Loss, targets

from orchestrator.language.phrases import Phrase, Sentence, english
from orchestrator.language.words import number, percent


@dataclass(frozen=True, slots=True)
class Metric:
    """``name``: in the contract, as ``roc_auc``. ``label``: within a sentence.

    ``is_share``: from 0 to 1, written in percent, and differences in points. ``rises``: more is
    better.
    """

    name: str
    label: Phrase
    is_share: bool = False
    rises: bool = True

    def of(self, found: Metrics) -> float | None:
        """Return its value; None: the samples do not define it."""
        return found.accuracy if self is ACCURACY else found.others.get(self.name)

    def written(self, value: float) -> str:
        """Write a value."""
        return percent(value) if self.is_share else number(value)

    def reaches(self, value: float, target: float) -> bool:
        """Return whether a value is as good as the target."""
        return value >= target if self.rises else value <= target

    @property
    def word(self) -> Sentence:
        """The label, to stand in another sentence."""
        return english(self.label)


ACCURACY = Metric("accuracy", Phrase("accuracy"), is_share=True)
_TOP_5 = Metric("top_5_accuracy", Phrase("top-5 accuracy"), is_share=True)
_MACRO_F1 = Metric("macro_f1", Phrase("macro F1"))
_F1 = Metric("f1", Phrase("F1"))
_ROC_AUC = Metric("roc_auc", Phrase("ROC AUC"))
_AVERAGE_PRECISION = Metric("average_precision", Phrase("average precision"))
_RMSE = Metric("rmse", Phrase("RMSE"), rises=False)
_MAE = Metric("mae", Phrase("MAE"), rises=False)
_R2 = Metric("r2", Phrase("R²"))


def metrics_of(loss: Loss) -> tuple[Metric, ...]:
    """Return the metrics of the loss's task, the one that stands for it first."""
    match targets(loss):
        case TargetKind.CLASS:
            return ACCURACY, _TOP_5, _MACRO_F1
        case TargetKind.FLAGS:
            return ACCURACY, _ROC_AUC, _AVERAGE_PRECISION, _F1
        case TargetKind.NUMBERS:
            return _R2, _RMSE, _MAE
        case unknown:
            assert_never(unknown)
