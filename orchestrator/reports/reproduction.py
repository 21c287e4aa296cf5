"""A run -> the commands that repeat it."""

import shlex
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import yaml
from twinrun.contract.enums import Device, Recipe
from twinrun.contract.spec import JobSpec

from orchestrator.certificate.certificate import Certificate
from orchestrator.frameworks import FRAMEWORKS, usual
from orchestrator.results.comparison import Comparison
from orchestrator.results.sweeps import Sweep
from orchestrator.settings.grid import written
from orchestrator.storage.about import About, Kind
from orchestrator.trials.sides import (
    Side,
    are_the_same,
    as_flag,
    change_how,
    framework_of,
    runner_of,
)
from orchestrator.trials.spec import in_own_way, spec_mapping

_CHANGED = "+changes"


@dataclass(frozen=True, slots=True)
class Reproduction:
    """``lines`` for a shell, with a ``file`` that contains the ``job`` in YAML."""

    lines: list[str]
    file: str
    job: str


def of_comparison(comparison: Comparison, workload: str) -> Reproduction:
    """Use `train` if one framework ran alone and once, else `compare`."""
    file = f"{workload}.yaml"
    sides = tuple(comparison.trials)
    frameworks = list(dict.fromkeys(map(framework_of, sides)))
    repeats = max(map(len, comparison.trials.values()), default=1)
    if len(sides) == 1 and repeats == 1:
        words = ["train", "--framework", frameworks[0], "--workload", file]
    else:
        words = ["compare", "--workload", file, *_flags(comparison, frameworks, repeats)]
    return _made(words, file, comparison.job, _commits([comparison]), sides)


def of_variants(kind: Kind, compared: Sequence[Comparison], workload: str) -> Reproduction:
    """Use `compare` with both recipes, or with both loops; ``compared``: each variant, in order."""
    first, file = compared[0], f"{workload}.yaml"
    frameworks = list(dict.fromkeys(map(framework_of, first.trials)))
    repeats = max(map(len, first.trials.values()), default=1)
    by_loop = kind is Kind.LOOPS
    # The flag of both recipes says more than that of one.
    job = first.job if by_loop else replace(first.job, recipe=Recipe.MATCHED)
    words = ["compare", "--workload", file, "--loop" if by_loop else "--recipe", "both"]
    words += _flags(replace(first, job=job), frameworks, repeats)
    return _made(words, file, job, _commits(compared))


def of_sweep(found: Sweep, compared: Sequence[Comparison], about: About) -> Reproduction:
    """Use `sweep`; ``compared``: its cells, of which the first gives the job."""
    first, file = compared[0], f"{about.workload}.yaml"
    frameworks = list(dict.fromkeys(map(framework_of, first.trials)))
    repeats = max(len(trials) for each in compared for trials in each.trials.values())
    words = ["sweep", "--workload", file]
    for axis, values in found.axes.items():
        words += ["--set", f"{axis}={','.join(map(written, values))}"]
    words += _flags(first, frameworks, 1)
    words += ["--until-sure"] if about.precision else ["--repeats", str(repeats)]
    return _made(words, file, first.job, _commits(compared), tuple(first.trials))


def _commits(compared: Iterable[Comparison]) -> set[str]:
    return {
        trial.environment.git_commit
        for comparison in compared
        for trials in comparison.trials.values()
        for trial in trials
        if trial.environment
    }


def _flags(comparison: Comparison, frameworks: list[str], repeats: int) -> Iterator[str]:
    sides = tuple(comparison.trials)
    if any(_is_more(side) for side in sides):
        for side in sides:
            yield from ("--side", as_flag(side))
    elif are_the_same(sides):
        yield from ("--aa", frameworks[0])
    elif sides and frameworks != [*usual()]:
        yield from ("--frameworks", ",".join(frameworks))
    if comparison.baseline and comparison.baseline != sides[0]:
        yield from ("--baseline", comparison.baseline)
    if comparison.job.recipe is Recipe.IDIOMATIC:
        yield from ("--recipe", "idiomatic")
    yield from _of_repeats(comparison, repeats)
    same = len(sides) > 1 and change_how(sides) and not are_the_same(sides)
    matched = same and not in_own_way(comparison.job)
    if matched and comparison.certificates is None:
        yield "--no-verify"
    if comparison.concurrent:
        yield "--concurrent"
    if comparison.profiles:
        yield "--profile"


def _of_repeats(comparison: Comparison, repeats: int) -> Iterator[str]:
    if repeats > 1:
        yield from ("--repeats", str(repeats))
        if _one_seed(comparison):
            yield "--same-seed"
    if comparison.machines is not None:
        yield from ("--cluster", "ray" if comparison.machines.conditions else "hosts.toml")
        if comparison.machines.together:
            yield from ("--exclusive", "gpu")
    if comparison.over:
        yield from ("--over", "hosts.toml")
    if comparison.margin is not None:
        yield from ("--margin", f"{comparison.margin:g}")


def _one_seed(comparison: Comparison) -> bool:
    trials = [trial for group in comparison.trials.values() for trial in group if trial.spec]
    return len({trial.spec.seed for trial in trials if trial.spec}) == 1


def of_certificates(certificates: Sequence[Certificate], workload: str) -> Reproduction:
    """Use `verify`, which shares the CPUs, and has its own epochs and precision."""
    job = certificates[0].job
    names = [certificates[0].first, *(each.second for each in certificates)]
    frameworks = list(dict.fromkeys(map(framework_of, names)))
    file = f"{workload}.yaml"
    words = ["verify", "--workload", file, "--epochs", str(job.epochs)]
    words += ["--precision", job.precision]
    if job.device is not Device.CUDA and job.threads:
        words += ["--threads", str(len(frameworks) * job.threads)]
    if any(map(_is_more, names)):
        words += [word for name in names for word in ("--side", as_flag(name))]
    elif frameworks != [*usual()]:
        words += ["--frameworks", ",".join(frameworks)]
    return _made(words, file, job, set(), names)


def _is_more(name: str) -> bool:
    """Return whether --frameworks cannot name a side."""
    side = Side.named(name)
    return bool(side.changes or side.version)


def _made(
    words: list[str], file: str, job: JobSpec, commits: set[str], sides: Sequence[str] = ()
) -> Reproduction:
    """Build it; ``commits`` of Twinrun are named if there is one, without changes."""
    lines = [*_environments(sides), shlex.join(["orchestrator", *words])]
    known = commits - {""}
    if len(known) == 1 and not any(commit.endswith(_CHANGED) for commit in known):
        lines = [shlex.join(["git", "checkout", *known]), shlex.join(["make", "setup"]), *lines]
    text = yaml.safe_dump(spec_mapping(job), sort_keys=False, allow_unicode=True, width=100)
    return Reproduction(lines, file, text)


def _environments(sides: Sequence[str]) -> Iterator[str]:
    """Yield a command for each version of a framework that a side asks for."""
    for side in dict.fromkeys(map(Side.named, map(runner_of, sides))):
        if side.version:
            variable = FRAMEWORKS[side.framework].version_variable
            yield shlex.join(["make", "setup", f"{variable}={side.version}"])
