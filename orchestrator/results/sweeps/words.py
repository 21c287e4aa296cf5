"""What a cell's trials show, in a word or two, and where on the grid it is."""

from collections.abc import Mapping

from orchestrator.language.phrases import Phrase, Sentence, english, join
from orchestrator.language.words import COMMA
from orchestrator.settings.grid import written

LEVEL, NO_DIFFERENCE = Phrase("level within 1 %"), Phrase("no difference shown")
FEW, DISTURBED = Phrase("too few blocks"), Phrase("CPUs taken by others")
NOT_SAME = Phrase("not the same job")
SCALING = "scaling"  # begins the names of its figures
POINTS = Phrase(
    "Points: the median on the side's fewest devices, and that times each speed-up. The interval "
    "is of the speed-up alone."
)
_SETTING = Phrase("{name} {value}")


def setting(others: Mapping[str, object]) -> Sentence:
    """Return the values of some axes; empty: there are none."""
    several = [english(_SETTING, name=name, value=written(v)) for name, v in others.items()]
    return join(COMMA, several)
