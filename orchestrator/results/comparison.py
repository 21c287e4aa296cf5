"""Stored trials -> their comparison. Nothing is read, written or printed here."""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from twinrun.contract.events import Profiled
from twinrun.contract.spec import JobSpec

from orchestrator.certificate.certificate import Certificate
from orchestrator.certificate.certificates import Certificates, Unmade
from orchestrator.certificate.timed import Timed, judge_timed, not_finite
from orchestrator.language.phrases import Phrase, Sentence, english, join
from orchestrator.language.words import NEXT, label
from orchestrator.results import quality
from orchestrator.results.agreement import Agreement, agreement
from orchestrator.results.blocks import Trials, counted, faults_of, in_blocks
from orchestrator.results.cautions import cautions
from orchestrator.results.circumstances import Caution
from orchestrator.results.estimate import Estimate
from orchestrator.results.limits.decision import Decision
from orchestrator.results.machines.each import Machines
from orchestrator.results.quality import Quality
from orchestrator.results.quantities import ratios
from orchestrator.results.threads import crowding
from orchestrator.results.threads import verdicts as of_threads
from orchestrator.results.threads.search import Search
from orchestrator.results.verdict import Verdict, verdict
from orchestrator.storage.machine import Known
from orchestrator.trials.changes import Changed, changes
from orchestrator.trials.gpu_use import Uses, gpu_uses, what_idles
from orchestrator.trials.inputs import InputsCheck, check_inputs, on_purpose, to_agree
from orchestrator.trials.sides import changed_fields
from orchestrator.trials.trial import Trial

_ALONE = Phrase("{framework} ran alone, so there is nothing to compare its speed with.")
_NO_TRIAL = Phrase("There is no trial to compare.")
_NOT_FINISHED = Phrase("Not finished: {why}")
_NO_VERDICT = Phrase("No verdict on speed: {why}")
_NO_VERDICT_OF = Phrase("No verdict on the speed of {side}: {why}")
_LEFT_OUT = Phrase("Left out with its pair: {why}")
_LEFT_OUT_OF_BLOCKS = Phrase("Left out with its block: {why}")
_NOT_FINITE = Phrase("the losses of {side} are not finite from step {step:,} on.")
_NO_PAIR = Phrase("no pair of trials succeeded.")
_NO_BASELINE = Phrase("the baseline, {side}, has no trial.")


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """The baseline and one other side, compared.

    ``certificate``: None: none was tried. ``timed``: whether the timed trials did the same
    arithmetic, None: nothing to judge. ``ratios``: the other's over the baseline's, by quantity.
    ``quality``: whether the task's metric differs.
    """

    baseline: str
    side: str
    certificate: Certificate | Unmade | None
    timed: Timed | None
    agreement: Agreement
    verdict: Verdict | None
    ratios: Mapping[str, Estimate]
    quality: Quality | None


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """The trials of one job, side by side.

    ``job``: the spec, completed if the trials agree on it. ``trials`` by side, and those of them
    that are ``counted``: a side's numbers, like verdicts, come from these only. ``certificates``:
    None: none were tried. ``pairs``: of the baseline and each other side, in their order.
    ``finding``: always whole sentences: the verdicts with their limitations, or why there is none.
    ``cautions``: its warnings. ``known``: about the machine. ``profiles`` by side. ``gpu``: how
    busy each side kept it, if known. ``concurrent``: trials of several sides ran at the same time.
    ``margin``: within which metrics are to be equivalent, as `quality.quality`. ``changed``: in
    what the sides' jobs differ because the user wants it. ``decisions``: what its conditions came
    to, which the finding then begins with. ``at_best``: of the baseline and each other side, each
    at its own best number of threads, which was ``searched`` for, if that was asked for.
    ``machines``: what each came to; None: it is of no cluster. ``over``: those that trained each
    job together.
    """

    job: JobSpec
    trials: Trials
    counted: Trials
    certificates: Certificates | None
    inputs: InputsCheck
    pairs: Sequence[Pair]
    finding: Sentence
    cautions: Sequence[Caution]
    known: Known
    profiles: Mapping[str, Profiled]
    gpu: Uses
    concurrent: bool
    margin: float | None = None
    changed: Sequence[Changed] = ()
    decisions: Sequence[Decision] = ()
    at_best: Sequence[Verdict] = ()
    searched: Search | None = None
    machines: Machines | None = None
    over: Sequence[str] = ()

    @property
    def baseline(self) -> str | None:
        """The side that the others are compared with. None: there is no other side."""
        return self.pairs[0].baseline if self.pairs else None

    @property
    def verdicts(self) -> list[Verdict]:
        """The verdict of each pair that has one."""
        return [pair.verdict for pair in self.pairs if pair.verdict is not None]

    @property
    def verdict(self) -> Verdict | None:
        """The verdict of two sides; None: there is none, or there are more sides."""
        return self.pairs[0].verdict if len(self.pairs) == 1 else None

    @property
    def qualities(self) -> list[Quality]:
        """Whether the task's metric differs, of each pair that has a verdict."""
        return [pair.quality for pair in self.pairs if pair.quality is not None]

    @property
    def agreements(self) -> list[Agreement]:
        """The agreement of each pair."""
        return [pair.agreement for pair in self.pairs]

    @property
    def timed(self) -> list[Timed]:
        """The judgement of each pair whose timed trials were judged."""
        return [pair.timed for pair in self.pairs if pair.timed is not None]


def compare(
    job: JobSpec,
    trials: Sequence[Trial],
    certificates: Certificates | None = None,
    *,
    sides: Sequence[str] = (),
    baseline: str | None = None,
    concurrent: bool = False,
    margin: float | None = None,
    known: Known | None = None,
    profiles: Sequence[Trial] = (),
    again: Sequence[Trial] = (),
    searched: Search | None = None,
) -> Comparison:
    """Compare ``trials``, in any number and of any number of sides; ``job`` is their spec.

    ``sides``: the order in which they are shown; others follow. ``baseline``: the side that the
    others are compared with, by default the first. ``margin``: within which the metrics are to be
    equivalent, as in `quality.quality`. ``again``: as in `judge_timed`. ``searched``: what
    short trials with several numbers of threads came to.
    """
    order = sorted(trials, key=lambda trial: (trial.framework, trial.number))
    grouped = _by_side(order, sides)
    first = baseline or next(iter([*sides, *grouped]), "")
    inputs = check_inputs(order)
    completed = order[0].spec if order and inputs.same and not changed_fields([*grouped]) else None
    spec = completed or job
    faults = list(faults_of(order))
    sound = in_blocks(grouped, first)
    counting = counted(grouped, sound)
    alone = len({*sides, *grouped}) == 1
    reason = _reason_against_a_verdict(grouped, sound, first, faults, alone=alone)
    unfit = {} if reason else not_finite(sound)
    fit = {} if reason else {side: group for side, group in sound.items() if side not in unfit}
    best = searched.best if searched else {}
    together = len(grouped) - 1 + len(of_threads.further(best, list(grouped), first))

    def pair(side: str) -> Pair:
        sides = [first, side]
        proof = certificates.of_pair(*sides) if certificates else None
        both = {name: fit[name] for name in sides if fit.get(name)}
        result = verdict(both, together) if len(both) == 2 else None
        judged = inputs.same is not False and to_agree(spec, sides)
        return Pair(
            baseline=first,
            side=side,
            certificate=proof,
            timed=_timed([sound[first], sound[side]], proof, again) if judged else None,
            agreement=agreement(counting[first], counting[side]),
            verdict=result,
            ratios=ratios(both[first], both[side], spec, together) if result else {},
            quality=quality.quality(both, spec, together, margin) if result else None,
        )

    pairs = [pair(side) for side in grouped if side != first and first in grouped]
    verdicts = [pair.verdict for pair in pairs if pair.verdict is not None]
    at_best = of_threads.at_best(best, first, fit, verdicts, together)
    timed = [pair.timed for pair in pairs if pair.timed is not None]
    profiled = {trial.framework: trial.profile for trial in profiles if trial.profile}
    gpu = gpu_uses(counting, profiled)
    # A difference is always reported; unknown inputs matter only if a verdict relies on them.
    sentences = [said for each in pairs if (said := on_purpose(first, each.side)) is not None]
    if inputs.same is False or (verdicts and inputs.same is None):
        sentences.append(inputs.sentence)
    if certificates is not None and not certificates.same_job:
        sentences.append(certificates.sentence)
    sentences += [each.sentence for each in timed if each.sentence is not None]
    if reason is not None:
        sentences.append(reason)
    if (
        idle := what_idles(gpu, list(counting))
    ) is not None:  # before any ratio: it bounds them all
        sentences.append(idle)
    sentences += of_threads.sentences(verdicts, at_best, best, spec.threads)
    if verdicts:
        left_out = _LEFT_OUT if len(grouped) == 2 else _LEFT_OUT_OF_BLOCKS
        sentences += [english(left_out, why=fault) for fault in faults]
        sentences += [_no_verdict_of(side, step) for side, step in unfit.items()]
    return Comparison(
        job=spec,
        trials=grouped,
        counted=counting,
        certificates=certificates,
        inputs=inputs,
        pairs=pairs,
        finding=join(NEXT, sentences),
        cautions=(
            *cautions(
                *(grouped, spec, verdicts, certificates, known or Known()),
                counted=counting,
                timed=timed,
                gpu=gpu,
            ),
            *crowding.cautions(grouped),
            *quality.cautions([each.quality for each in pairs if each.quality is not None], spec),
        ),
        known=known or Known(),
        profiles=profiled,
        gpu=gpu,
        concurrent=concurrent,
        margin=margin,
        changed=changes(grouped),
        at_best=at_best,
        searched=searched,
    )


def _by_side(order: Sequence[Trial], sides: Sequence[str]) -> dict[str, tuple[Trial, ...]]:
    groups = itertools.groupby(order, key=lambda trial: trial.framework)
    grouped = {side: tuple(group) for side, group in groups}
    return {side: grouped[side] for side in dict.fromkeys([*sides, *grouped]) if side in grouped}


def _reason_against_a_verdict(
    trials: Trials, sound: Trials, baseline: str, faults: list[Sentence], *, alone: bool
) -> Sentence | None:
    """Say why there is no verdict at all; ``alone``: only one side was to run."""
    if not trials:
        return english(_NO_TRIAL)
    if len(trials) == 1 and any(sound.values()):
        return english(_ALONE, framework=label(next(iter(trials))))
    if alone:  # nobody asked for a verdict
        return english(_NOT_FINISHED, why=join(NEXT, faults))
    if baseline not in trials:
        return _no_verdict(*faults, english(_NO_BASELINE, side=label(baseline)))
    others = [side for side in sound if side != baseline]
    if not sound[baseline] or not any(sound[side] for side in others):
        return _no_verdict(*faults)
    unfit = not_finite(sound)
    for side, step in unfit.items():
        if side == baseline or all(other in unfit or not sound[other] for other in others):
            return _no_verdict(english(_NOT_FINITE, side=label(side), step=step))
    return None


def _no_verdict(*why: Sentence) -> Sentence:
    """Say that there is none; the reason comes first."""
    return english(_NO_VERDICT, why=next(iter(why), english(_NO_PAIR)))


def _no_verdict_of(side: str, step: int) -> Sentence:
    why = english(_NOT_FINITE, side=label(side), step=step)
    return english(_NO_VERDICT_OF, side=label(side), why=why)


def _timed(
    pair: Iterable[Sequence[Trial]], proof: Certificate | Unmade | None, again: Sequence[Trial]
) -> Timed | None:
    first, second = pair
    if isinstance(proof, Certificate):
        return judge_timed(first, second, proof.timed, proof.envelope, again)
    return judge_timed(first, second, None)


def same_job(comparison: Comparison) -> bool | None:
    """Return whether it was shown to be the same job, certified and timed. None: not tried."""
    sides = list(comparison.trials)
    if not any(to_agree(comparison.job, pair) for pair in itertools.combinations(sides, 2)):
        return None
    if comparison.inputs.same is False or not all(each.same for each in comparison.timed):
        return False
    return comparison.certificates.same_job if comparison.certificates else None
