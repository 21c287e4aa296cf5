"""What each of several machines came to in a comparison, and which of them disagrees."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from orchestrator.language.phrases import Phrase, Sentence, english, stored
from orchestrator.language.words import label, listed
from orchestrator.results.circumstances import Caution
from orchestrator.results.estimate import Estimate, estimate
from orchestrator.results.machines.conditions import Conditions, conditions, of_conditions
from orchestrator.results.machines.effect import apart, effects
from orchestrator.results.verdict import LEVEL_BELOW, Verdict
from orchestrator.storage.blocks import Ran

_ONE = Phrase("All blocks ran on one machine, {machine}: the result is of this machine alone.")
_SEVERAL = Phrase(
    "The blocks ran on {count} machines of the same versions, processors and drivers; the interval "
    "covers how they differ, as well as their blocks."
)
_CERTIFIED = Phrase("The certificate was made on {machine}.")
_CERTIFIED_BEFORE = Phrase(
    "The certificate was taken from an earlier run of the same job by runners of the same build; "
    "on which machine that was is not stored."
)
_DISAGREES = Phrase(
    "{machine} disagrees with the other machines: there {slower} took {ratio:.2f} times as long as "
    "{faster}, over all machines {common:.2f} times; its blocks do not scatter so much."
)
_LOOK = Phrase("Find out what is different there; the interval takes it for chance.")
_FAILED = Phrase("{machine} failed in a block, {times} times in all; at last: {why}")
_AGAIN = Phrase(
    "Nothing of a block that failed counts; one that ran again did so as a whole, and counts once."
)
_AWAY = Phrase("None of the blocks ran on {machine}: {why}")
_AWAY_LATER = Phrase("After some of the blocks no more ran on {machine}: {why}")
_TOGETHER = Phrase(
    "On {machines} blocks ran on several GPUs of the machine at once: their trials shared its "
    "CPUs, its memory bus and its power, and each may have slowed the others."
)
_ALONE = Phrase(
    "Leave out --exclusive for times that nothing disturbed. The GPUs of a machine count as one "
    "machine in the interval."
)
_LOOK_THERE = Phrase("Look for the reason on that node of Ray, or take it out of the cluster.")
_START = Phrase("Start its runners, or take it out of the file of --cluster.")


@dataclass(frozen=True, slots=True)
class OnMachine:
    """What a pair of sides came to on one machine.

    ``ratio``: the slower one's seconds over the faster one's, with an interval of its blocks alone.
    ``disagrees``: it differs from the others by more than chance and 1 %.
    """

    machine: str
    ratio: Estimate
    disagrees: bool


@dataclass(frozen=True, slots=True)
class OfPair:
    """A verdict's sides, and what they came to on each machine, by name."""

    faster: str
    slower: str
    common: float
    machines: Sequence[OnMachine]


@dataclass(frozen=True, slots=True)
class Machines:
    """``blocks`` that count, by machine; ``certified_on``: who made the certificate, if anyone.

    ``certified_before``: the certificate was taken from an earlier run.
    ``failures``: blocks that failed, and machines that did not answer. ``ran_on``: places on
    which a block ended, whether it counts or not. ``conditions``: of the blocks there, by machine,
    where Ray started the runners. ``together``: machines of which several GPUs had blocks at once.
    """

    blocks: Mapping[str, int]
    pairs: Sequence[OfPair]
    failures: Sequence[Ran]
    ran_on: Sequence[str]
    certified_on: str | None
    certified_before: bool
    conditions: Mapping[str, Conditions] = field(default_factory=dict)
    together: Sequence[str] = ()

    @property
    def sentences(self) -> list[Sentence]:
        """What the result is of."""
        if not self.blocks:
            return []
        said = english(_SEVERAL, count=len(self.blocks))
        if len(self.blocks) == 1:
            said = english(_ONE, machine=next(iter(self.blocks)))
        if self.certified_before:
            return [said, english(_CERTIFIED_BEFORE)]
        if self.certified_on is not None:
            return [said, english(_CERTIFIED, machine=self.certified_on)]
        return [said]

    @property
    def first_cautions(self) -> list[Caution]:
        """Whether trials disturbed each other by design, which comes before all else."""
        if not self.together:
            return []
        said = english(_TOGETHER, machines=listed(self.together))
        return [Caution("GPUS_TOGETHER", said, english(_ALONE))]

    @property
    def cautions(self) -> list[Caution]:
        """Which machine disagrees, which failed, and which did not answer."""
        found = [
            Caution(
                "MACHINES_DISAGREE",
                english(
                    _DISAGREES,
                    machine=each.machine,
                    faster=label(pair.faster),
                    slower=label(pair.slower),
                    ratio=each.ratio.ratio,
                    common=pair.common,
                ),
                english(_LOOK),
            )
            for pair in self.pairs
            for each in pair.machines
            if each.disagrees
        ]
        failed = [each for each in self.failures if each.block]
        away = [each for each in self.failures if not each.block]
        times, last = Counter(e.place for e in failed), {e.place: e for e in failed}
        found += [self._failed(each, times[place]) for place, each in last.items()]
        found += map(self._away, {each.place: each for each in away}.values())
        return [*found, *of_conditions(self.conditions)]

    def _failed(self, last: Ran, times: int) -> Caution:
        names = {"machine": last.place, "times": times, "why": stored(last.failed or "")}
        return Caution("MACHINE_FAILED", english(_FAILED, **names), english(_AGAIN))

    def _away(self, away: Ran) -> Caution:
        names = {"machine": away.place, "why": stored(away.failed or "")}
        sentence = english(_AWAY_LATER if away.place in self.ran_on else _AWAY, **names)
        remedy = english(_LOOK_THERE if self.conditions else _START)
        return Caution("MACHINE_FAILED", sentence, remedy)


def machines(
    verdicts: Sequence[Verdict],
    ran: Sequence[Ran],
    *,
    certified_on: str | None,
    certified_before: bool,
) -> Machines:
    """Return what each machine came to; ``ran``: what is known of the blocks."""
    on = {each.block: each.machine for each in ran if each.failed is None}
    counted = {number for verdict in verdicts for number in verdict.pair_ratios} or on.keys()
    blocks = Counter(on[number] for number in sorted(counted) if number in on)
    return Machines(
        dict(sorted(blocks.items())),
        [_of_pair(verdict, on) for verdict in verdicts],
        [each for each in ran if each.failed is not None],
        sorted({each.place for each in ran if each.failed is None}),
        certified_on,
        certified_before,
        conditions(ran),
        _together(ran),
    )


def _together(ran: Sequence[Ran]) -> list[str]:
    """Return the machines of which several GPUs had blocks, ended or not."""
    had = {(each.machine, each.gpu) for each in ran if each.block and each.gpu is not None}
    return sorted(name for name, gpus in Counter(name for name, _ in had).items() if gpus > 1)


def _of_pair(verdict: Verdict, on: Mapping[int, str]) -> OfPair:
    ratios = {n: ratio for n, ratio in verdict.pair_ratios.items() if n in on}
    names = [on[number] for number in ratios]
    differ = dict(zip(dict.fromkeys(names), _apart(list(ratios.values()), names), strict=True))
    found = []
    for machine in sorted(differ):
        own = [ratio for number, ratio in ratios.items() if on[number] == machine]
        ratio = estimate([1.0] * len(own), own, verdict.together)
        relevant = abs(math.log(ratio.ratio / verdict.ratio)) > math.log(LEVEL_BELOW)
        found.append(OnMachine(machine, ratio, differ[machine] and relevant))
    return OfPair(verdict.faster, verdict.slower, verdict.ratio, found)


def _apart(ratios: Sequence[float], machines: Sequence[str]) -> list[bool]:
    return apart(effects(np.log(np.asarray(ratios)), machines)) if ratios else []
