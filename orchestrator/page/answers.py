"""What a reader asks first, and what a comparison answers: each in a word, then in sentences."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from orchestrator import report
from orchestrator.about import About
from orchestrator.compare import Comparison
from orchestrator.inputs import in_own_way
from orchestrator.page.blocks import Answer
from orchestrator.page.parts import middle
from orchestrator.quantities import epoch_seconds
from orchestrator.sides import are_the_same
from orchestrator.trial import State
from orchestrator.verdict import Verdict
from orchestrator.why import cpus_in_use, why_sentence
from orchestrator.words import label, number, percent

_WHAT = "What ran?"
_JOB = (
    "A model of {parameters:,} parameters, trained on {samples:,} samples of {dataset} for "
    "{epochs}: {optimizer}, batch size {batch_size}."
)
_JOB_UNKNOWN = "A model trained on {dataset}; no trial reported what it was given."
_HOW = "In {precision} on {device}{threads}, recipe {recipe}, execution {execution}."
_THREADS = " with {threads}"
_TRIALS = "{trials} of {sides}."
_SAME_JOB = "Was it the same job?"
_YES, _NO, _NOT_SHOWN, _NOT_CHECKED = "Yes", "No", "Not shown", "Not checked"
_OWN_WAY = "In their own ways"
_ONE_SIDE = "One side alone"
_FASTER = "Who was faster, and how sure is it?"
_TIMES = "{faster}, {ratio:.2f} times"
_LEVEL = "Level"
_NO_DIFFERENCE = "No difference shown"
_NO_VERDICT = "No verdict"
_PROVISIONAL = "{short}, provisional"
_INTERVAL = (
    "The {pairs} pairs of trials put the ratio between {low:.3f} and {high:.3f}, at 95 % "
    "confidence; a difference below {least:.1%} could not have been seen."
)
_LEARNED = "Did both learn?"
_LEARNED_ONE = "Did it learn?"
_NOTHING = "Not known"
_REACHED = "The target of {target} test accuracy was reached by {reached} of {trials}."
_NO_TARGET = "The job names no target accuracy."
_WHY = "Why?"
_EPOCH = "An epoch took {side} {seconds} s{cpus}."
_CPUS = ", with {cpus} CPUs in use"
_NOT_TIMED = "No epoch was timed"
_SHORT_EPOCH = "{seconds} s an epoch"
_SHORT_CPUS = "{cpus} CPUs in use"
_AND = " and "
_A_TRIAL, _SOME_TRIALS = "1 trial", "{count} trials"
_AN_EPOCH, _SOME_EPOCHS = "1 epoch", "{count} epochs"
_A_THREAD, _SOME_THREADS = "1 thread", "{count} threads"


def answers(comparison: Comparison, about: About) -> list[Answer]:
    """In the order in which they are asked."""
    several = len(comparison.trials) > 1
    found = [_what_ran(comparison, about)]
    if several:
        found += [_same_job(comparison), _faster(comparison)]
    return [*found, _learned(comparison, several=several), _why(comparison)]


def _what_ran(comparison: Comparison, about: About) -> Answer:
    job = comparison.job
    trials = [trial for group in comparison.trials.values() for trial in group]
    given = next((trial.inputs for trial in trials if trial.inputs), None)
    names = {"dataset": job.get("dataset", {}).get("name", "?")}
    said = [_JOB_UNKNOWN.format(**names)]
    if given:
        said = [
            _JOB.format(
                **names,
                parameters=given.parameter_count,
                samples=given.train_samples,
                epochs=_count(job.get("epochs", 0), _AN_EPOCH, _SOME_EPOCHS),
                optimizer=next((k for k in ("sgd", "adamw", "adam") if k in job["optimizer"]), "?"),
                batch_size=job.get("batch_size", "?"),
            )
        ]
    threads = job.get("threads")
    said.append(
        _HOW.format(
            precision=_word(job, "precision"),
            device=_word(job, "device"),
            threads=_THREADS.format(threads=_count(threads, _A_THREAD, _SOME_THREADS))
            if threads
            else "",
            recipe=_word(job, "recipe"),
            execution=_word(job, "execution"),
        )
    )
    versions = [
        " ".join([label(side), *sorted(known)])
        for side, group in comparison.trials.items()
        if (known := {t.environment.framework_version for t in group if t.environment})
    ]
    counted = _count(len(trials), _A_TRIAL, _SOME_TRIALS)
    said.append(_TRIALS.format(trials=counted, sides=", ".join(versions) or "?"))
    return Answer(_WHAT, about.workload, said)


def _word(job: Mapping[str, Any], field: str) -> str:
    """``float32`` of ``PRECISION_FLOAT32``."""
    return str(job.get(field, "")).removeprefix(f"{field.upper()}_").lower() or "default"


def _count(number_of: int, one: str, several: str) -> str:
    return one if number_of == 1 else several.format(count=f"{number_of:,}")


def _same_job(comparison: Comparison) -> Answer:
    certificate, inputs = comparison.certificate, comparison.inputs
    said = [str(certificate["sentence"])] if certificate else []
    said.append(inputs.sentence)
    if inputs.same is False:
        short = _NO
    elif in_own_way(comparison.job):
        short = _OWN_WAY
    elif certificate is not None:
        short = _YES if certificate["same_job"] and inputs.same else _NOT_SHOWN
    else:
        alike = are_the_same(tuple(comparison.trials)) and inputs.same
        short = _YES if alike else _NOT_CHECKED
    return Answer(_SAME_JOB, short, said)


def _faster(comparison: Comparison) -> Answer:
    found = comparison.verdict
    if found is None:
        return Answer(_FASTER, _NO_VERDICT, [comparison.finding])
    said = [found.sentence]
    if found.low is not None and found.high is not None:
        names = {"pairs": found.pairs, "low": found.low, "high": found.high}
        said.append(_INTERVAL.format(**names, least=found.least_seen))
    return Answer(_FASTER, _short(found), [*said, *report.noise(comparison)])


def _short(found: Verdict) -> str:
    names = {"faster": label(found.faster), "ratio": found.ratio}
    if found.provisional:
        short = _LEVEL if found.level else _TIMES.format(**names)
        return _PROVISIONAL.format(short=short)
    if found.shown:
        return _TIMES.format(**names)
    return _LEVEL if found.level else _NO_DIFFERENCE


def _learned(comparison: Comparison, *, several: bool) -> Answer:
    question = _LEARNED if several else _LEARNED_ONE
    ended = [
        [trial.epochs[-1].test_accuracy for trial in group if trial.epochs]
        for group in comparison.trials.values()
    ]
    if not any(ended):
        return Answer(question, _NOTHING, [comparison.finding])
    short = _and([percent(value) for group in ended if (value := middle(group)) is not None])
    return Answer(question, short, list(_of_learning(comparison, ended)))


def _of_learning(comparison: Comparison, ended: Sequence[Sequence[float]]) -> Iterator[str]:
    target = comparison.job.get("target_accuracy")
    trials = [accuracy for group in ended for accuracy in group]
    if target is None:
        yield _NO_TARGET
    else:
        reached = sum(accuracy >= target for accuracy in trials)
        counted = _count(len(trials), _A_TRIAL, _SOME_TRIALS)
        yield _REACHED.format(target=percent(target), reached=reached, trials=counted)
    yield from report.of_agreements(comparison)


def _why(comparison: Comparison) -> Answer:
    said, times, used = list[str](), list[str](), list[str]()
    for side, group in comparison.trials.items():
        ended = [trial for trial in group if trial.state is State.SUCCEEDED]
        seconds = middle([epoch_seconds(trial) for trial in ended])
        if seconds is None:
            continue
        cpus = cpus_in_use(ended)
        times.append(number(seconds))
        used += [] if cpus is None else [f"{cpus:.2f}"]
        in_use = "" if cpus is None else _CPUS.format(cpus=f"{cpus:.2f}")
        said.append(_EPOCH.format(side=label(side), seconds=number(seconds), cpus=in_use))
    short = _SHORT_EPOCH.format(seconds=_and(times)) if times else _NOT_TIMED
    if used and len(used) == len(times):
        short = _SHORT_CPUS.format(cpus=_and(used))
    more = why_sentence(comparison)
    return Answer(_WHY, short, [*said, *([more] if more else [])])


def _and(texts: Sequence[str]) -> str:
    return _AND.join(texts)
