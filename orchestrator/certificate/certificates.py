"""All certificates of a run, one for the baseline and each other side that should agree with it."""

from collections.abc import Sequence
from dataclasses import dataclass

from orchestrator.certificate import text
from orchestrator.certificate.certificate import Certificate
from orchestrator.language.phrases import Phrase, Sentence, clause, english, join
from orchestrator.language.words import NEXT, OF, label, listed

_NONE = Phrase("no certificate could be made: {why}")


@dataclass(frozen=True, slots=True)
class Unmade:
    """Replaces a certificate whose trials could not be run.

    ``why``, ``first`` and ``second``: None if an older version did not store them.
    """

    sentence: Sentence
    why: Sentence | None
    first: str | None
    second: str | None

    @property
    def same_job(self) -> bool:
        return False


def none_made(why: Sentence, first: str, second: str) -> Unmade:
    """Return that the trials of two sides' certificate could not be run."""
    sentence = english(text.NOT_SAME, reasons=english(_NONE, why=clause(why)))
    return Unmade(sentence, why, first, second)


@dataclass(frozen=True, slots=True)
class Certificates:
    """The contents of certificate.json, in the order of the sides."""

    pairs: Sequence[Certificate | Unmade]

    @property
    def same_job(self) -> bool:
        """Whether it was shown for each pair."""
        return bool(self.pairs) and all(each.same_job for each in self.pairs)

    @property
    def sentence(self) -> Sentence:
        """The result; with several pairs each is named."""
        return join(NEXT, self.sentences)

    @property
    def sentences(self) -> list[Sentence]:
        """The result of each pair, which is named if there are several."""
        if len(self.pairs) == 1:
            return [self.pairs[0].sentence]
        return [english(OF, name=pair(each), what=each.sentence) for each in self.pairs]

    @property
    def made(self) -> list[Certificate]:
        """The certificates that could be made."""
        return [each for each in self.pairs if isinstance(each, Certificate)]

    def of_pair(self, first: str, second: str) -> Certificate | Unmade | None:
        """Return the certificate of two sides. None: there is none."""
        matches = (each for each in self.pairs if {each.first, each.second} == {first, second})
        # If no certificate could be made, an older version does not say for which two sides.
        alone = self.pairs[0] if len(self.pairs) == 1 and self.pairs[0].first is None else None
        return next(matches, alone)


def pair(found: Certificate | Unmade) -> Sentence:
    """Return the names of the two sides."""
    return listed([label(name) for name in (found.first, found.second) if name is not None])
