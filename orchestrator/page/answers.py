"""A reader's first questions, and a comparison's answers: each in a word, then in sentences."""

from collections.abc import Iterator, Sequence

from twinrun.contract.enums import JobState

from orchestrator.language.phrases import Phrase, Sentence, english, join, say
from orchestrator.language.words import AND, COMMA, OF, SEMICOLON, label, number, with_version
from orchestrator.page.blocks import Answer
from orchestrator.reports import comparison as report
from orchestrator.reports.time_breakdown import causes, why_sentence
from orchestrator.results.break_even import ahead, remedies
from orchestrator.results.comparison import Comparison
from orchestrator.results.layer_above import told_above
from orchestrator.results.quality import Quality
from orchestrator.results.quantities import EPOCH, TEST_ACCURACY, Quantity, test_metric
from orchestrator.results.verdict import Verdict, below
from orchestrator.storage.about import About
from orchestrator.trials.changes import of_baseline
from orchestrator.trials.gpu_use import what_idles
from orchestrator.trials.inputs import on_purpose
from orchestrator.trials.mappings.names import data_title
from orchestrator.trials.metrics import target_of
from orchestrator.trials.sides import are_the_same, changed_fields
from orchestrator.trials.spec import in_own_way, optimizer_name

_WHAT = Phrase("What ran?")
_JOB = Phrase(
    "A model of {parameters:,} parameters, trained on {samples:,} samples of {dataset} for "
    "{epochs}: {optimizer}, batch size {batch_size}."
)
_TAKEN = Phrase("Each epoch took {samples:,} of them, in {steps:,} steps.")
_JOB_UNKNOWN = Phrase("A model trained on {dataset}; no trial reported its inputs.")
_HOW = Phrase(
    "In {precision} on {device}, threads {threads}; recipe {recipe}, execution {execution}."
)
_OF_BASELINE = Phrase("That is the job of {side}; the sides differ in {fields}.")
_TRIALS = Phrase("{trials} of {sides}.")
_SAME_JOB = Phrase("Was it the same job?")
_YES, _NO = Phrase("Yes"), Phrase("No")
_NOT_SHOWN, _NOT_CHECKED = Phrase("Not shown"), Phrase("Not checked")
_OWN_WAY = Phrase("In their own ways")
_ON_PURPOSE = Phrase("No, on purpose")
_FASTER = Phrase("Who was faster, and how sure is it?")
_TIMES = Phrase("{faster}, {ratio:.2f} times")
_TIMES_OF = Phrase("{faster}, {ratio:.2f} times {slower}")
_LEVEL = Phrase("Level")
_NO_DIFFERENCE = Phrase("No difference shown")
_NO_VERDICT = Phrase("No verdict")
_INTERVAL = Phrase(
    "The {pairs} pairs of trials put the ratio between {low:.3f} and {high:.3f} (95 %); "
    "a difference below {least:.1%} could not have been seen."
)
_LEARNED = Phrase("Did they learn?")
_LEARNED_ONE = Phrase("Did it learn?")
_NOTHING = Phrase("Not known")
_QUALITY = Phrase("Does the quality differ?")
_DIFFERENCE = Phrase("A difference is shown")
_EQUIVALENT = Phrase("Equivalent within the margin")
_NOT_EQUIVALENT = Phrase("Not shown to be equivalent")
_REACHED = Phrase("The target of {target} {metric} was reached by {reached} of {trials}.")
_NO_TARGET = Phrase("The job names no target.")
_WHY = Phrase("Why?")
_EPOCH = Phrase("An epoch took {side} {seconds} s.")
_NO_CAUSE = Phrase("No difference is shown, so it has no cause.")
_CAUSE_UNKNOWN = Phrase("No measurement makes up most of the difference.")
_NOT_TIMED = Phrase("No epoch was timed")
_SHORT_EPOCH = Phrase("{seconds} s an epoch")
_A_TRIAL, _SOME_TRIALS = Phrase("1 trial"), Phrase("{count:,} trials")
_AN_EPOCH, _SOME_EPOCHS = Phrase("1 epoch"), Phrase("{count:,} epochs")


def answers(comparison: Comparison, about: About) -> list[Answer]:
    """Return the answers in the order of the questions."""
    several = len(comparison.trials) > 1
    result = [_what_ran(comparison, about)]
    if several:
        result += [_same_job(comparison), _faster(comparison)]
    learned = _learned(comparison, several=several)
    return [*result, learned, *_quality(comparison), _why(comparison)]


def _what_ran(comparison: Comparison, about: About) -> Answer:
    job = of_baseline(comparison.trials, comparison.baseline, comparison.job)
    trials = [trial for group in comparison.trials.values() for trial in group]
    given = next((trial.inputs for trial in trials if trial.inputs), None)
    names = {"dataset": data_title(job.dataset)}
    sentences = [say(_JOB_UNKNOWN, **names)]
    if given:
        sentences = [
            say(
                _JOB,
                **names,
                parameters=given.parameter_count,
                samples=given.train_samples,
                epochs=_count(job.epochs, _AN_EPOCH, _SOME_EPOCHS),
                optimizer=optimizer_name(job),
                batch_size=job.batch_size,
            )
        ]
    taken = next((trial for trial in trials if trial.epoch_samples), None)
    if given and taken and taken.epoch_samples != given.train_samples:
        sentences.append(say(_TAKEN, samples=taken.epoch_samples, steps=taken.epoch_steps))
    sentences.append(
        say(
            _HOW,
            precision=job.precision,
            device=job.device,
            threads=job.threads or "?",
            recipe=job.recipe,
            execution=job.execution,
        )
    )
    if comparison.changed:
        fields = ", ".join(changed_fields(list(comparison.trials)))
        sentences.append(say(_OF_BASELINE, side=label(comparison.baseline or ""), fields=fields))
    versions = [
        with_version(side, " ".join(sorted(known)))
        for side, group in comparison.trials.items()
        if (known := {t.environment.framework_version for t in group if t.environment})
    ]
    counted = _count(len(trials), _A_TRIAL, _SOME_TRIALS)
    sentences.append(say(_TRIALS, trials=counted, sides=say(join(COMMA, versions)) or "?"))
    return Answer(say(_WHAT), about.workload, sentences)


def _count(count: int, one: Phrase, several: Phrase) -> str:
    return say(one) if count == 1 else say(several, count=count)


def _same_job(comparison: Comparison) -> Answer:
    certificates, inputs = comparison.certificates, comparison.inputs
    sentences = [say(certificates.sentence)] if certificates else list[str]()
    sentences[:0] = [say(each.sentence) for each in comparison.timed if each.sentence is not None]
    purposes = [said for p in comparison.pairs if (said := on_purpose(p.baseline, p.side))]
    sentences[:0] = map(say, purposes)
    sentences.append(say(inputs.sentence))
    if inputs.same is False:
        short = _NO
    elif in_own_way(comparison.job):
        short = _OWN_WAY
    elif not all(each.same for each in comparison.timed):
        short = _NO
    elif purposes:
        short = _ON_PURPOSE
    elif certificates is not None:
        short = _YES if certificates.same_job and inputs.same else _NOT_SHOWN
    else:
        alike = are_the_same(tuple(comparison.trials)) and inputs.same
        short = _YES if alike else _NOT_CHECKED
    return Answer(say(_SAME_JOB), say(short), sentences)


def _faster(comparison: Comparison) -> Answer:
    verdicts = comparison.verdicts
    if not verdicts:
        return Answer(say(_FASTER), say(_NO_VERDICT), [say(comparison.finding)])
    idle = what_idles(comparison.gpu, list(comparison.counted))
    sentences = [*([say(idle)] if idle else []), *(say(found.sentence) for found in verdicts)]
    sentences += [say(sentence) for found in verdicts for sentence in below(found)]
    sentences += [say(each.sentence) for each in ahead(comparison)]
    sentences += map(say, remedies(comparison))
    sentences += map(say, told_above(comparison))
    for found in verdicts[:1] if len(comparison.pairs) == 1 else []:
        if found.decided and found.low is not None and found.high is not None:
            names = {"pairs": found.pairs, "low": found.low, "high": found.high}
            sentences.append(say(_INTERVAL, **names, least=found.least_seen))
    short = [_short(found, alone=len(comparison.pairs) == 1) for found in verdicts]
    return Answer(
        say(_FASTER), say(join(SEMICOLON, short)), [*sentences, *report.noise(comparison)]
    )


def _short(found: Verdict, *, alone: bool) -> Sentence:
    """Return the short answer; ``alone``: there is no other pair, so the pair is not named."""
    names = {"faster": label(found.faster), "slower": label(found.slower)}
    if found.shown:
        return english(_TIMES if alone else _TIMES_OF, **names, ratio=found.ratio)
    if not found.decided:
        short = english(_NOT_SHOWN)
    else:
        short = english(_LEVEL if found.level else _NO_DIFFERENCE)
    return short if alone else english(OF, name=join(AND, names.values()), what=short)


def _learned(comparison: Comparison, *, several: bool) -> Answer:
    question = say(_LEARNED if several else _LEARNED_ONE)
    quantity = test_metric(comparison.job)
    ends = [quantity.of(group, comparison.job) for group in comparison.counted.values()]
    reached = [_named(quantity, value) for value in ends if value is not None]
    if not reached:
        return Answer(question, say(_NOTHING), [say(comparison.finding)])
    return Answer(question, _and(reached), list(_of_learning(comparison)))


def _quality(comparison: Comparison) -> Iterator[Answer]:
    """Yield whether the task's metric differs, if the report says something about it."""
    sentences = list(report.of_qualities(comparison))
    if sentences:
        short = [_of_quality(found) for found in comparison.qualities]
        yield Answer(say(_QUALITY), say(join(SEMICOLON, short)), sentences)


def _of_quality(found: Quality) -> Sentence:
    if found.equivalence is not None:
        return english(_EQUIVALENT if found.equivalence.shown else _NOT_EQUIVALENT)
    if found.difference.low is None:
        return english(_NOT_SHOWN)
    return english(_DIFFERENCE if found.shown else _NO_DIFFERENCE)


def _named(quantity: Quantity, value: float) -> str:
    """Write it; a number that is no share with its metric's name, which it does not show itself."""
    if quantity.name == TEST_ACCURACY.name:
        return quantity.written(value)
    return say(OF, name=quantity.title, what=quantity.written(value))


def _of_learning(comparison: Comparison) -> Iterator[str]:
    target = target_of(comparison.job)
    counted = [trial for group in comparison.counted.values() for trial in group]
    if target is None:
        yield say(_NO_TARGET)
    else:
        metric, wanted = target
        ends = [metric.of(trial.final.test) for trial in counted if trial.final]
        known = [value for value in ends if value is not None]
        reached = sum(metric.reaches(value, wanted) for value in known)
        count = _count(len(known), _A_TRIAL, _SOME_TRIALS)
        names = {"target": metric.written(wanted), "metric": metric.test}
        yield say(_REACHED, **names, reached=reached, trials=count)
    yield from report.of_agreements(comparison)


def _why(comparison: Comparison) -> Answer:
    """Answer with the largest measured cause; the seconds are there in any case."""
    sentences, times = list[str](), list[str]()
    for side, group in comparison.counted.items():
        ended = [trial for trial in group if trial.state is JobState.SUCCEEDED]
        if (seconds := EPOCH.of(ended, comparison.job)) is not None:
            times.append(number(seconds))
            sentences.append(say(_EPOCH, side=label(side), seconds=times[-1]))
    found = list(causes(comparison))
    if not times:
        short = say(_NOT_TIMED)
    elif len(comparison.trials) == 1:
        short = say(_SHORT_EPOCH, seconds=_and(times))
    else:
        short = say(found[0].short if found else _NOTHING)
    known = [say(each.sentence) for each in found]
    if not known and len(comparison.trials) > 1:
        shown = any(verdict.shown for verdict in comparison.verdicts)
        known = [say(_CAUSE_UNKNOWN if shown else _NO_CAUSE)]
    sentences += report.of_limits(comparison)
    more = why_sentence(comparison)
    return Answer(say(_WHY), short, [*known, *sentences, *([more] if more else [])])


def _and(texts: Sequence[str]) -> str:
    return say(join(AND, texts))
