"""Find each side's own best number of threads, before the comparison that then has both."""

from collections.abc import Sequence

from orchestrator.actions.request import Request
from orchestrator.certificate.takes import first_steps
from orchestrator.errors import BadInput, JobFailed
from orchestrator.language.phrases import Phrase, english, join, say
from orchestrator.language.words import LINES
from orchestrator.results.threads.search import BLOCKS, SCHEMA, Search, at, candidates, search
from orchestrator.runners.finding import Runners
from orchestrator.runners.placement import placements
from orchestrator.runners.progress import Display, Stages, logged
from orchestrator.runners.schedule import run_trials
from orchestrator.settings import config
from orchestrator.storage import about, store
from orchestrator.storage.about import plain
from orchestrator.storage.store import Run
from orchestrator.trials.mappings.reading import read
from orchestrator.trials.mappings.stored import as_json, fields_of
from orchestrator.trials.sides import Side, are_the_same

BEST = "best"  # in place of a number
_FILE = "threads"  # and the run in the run
_STEPS = 200  # of a short trial
_SEARCHING = Phrase("short trials with {counts} threads: block {number} of {of}")
_OWN = Phrase("--threads best finds each side's number of threads, and {side} has one of its own.")
_VARIANTS = Phrase(
    "--threads best is one comparison, and --loop both and --recipe both make several; run them "
    "one after the other."
)
_TWICE = Phrase(
    "--threads best compares different sides, and --aa is of one; leave one of them out."
)
_MANY = Phrase(
    "--threads best makes up to two sides of each, and there are {count}; a comparison has at most "
    "{most}."
)


def check(sides: Sequence[Side], *, variants: bool) -> None:
    """Refuse what cannot be asked together with it. Raises BadInput.

    ``variants``: several comparisons are to be made.
    """
    faults = [english(_OWN, side=each.name) for each in sides if "threads" in dict(each.changes)]
    if variants:
        faults.append(english(_VARIANTS))
    if are_the_same([side.name for side in sides]):
        faults.append(english(_TWICE))
    if 2 * len(sides) > config.MOST_SIDES:
        faults.append(english(_MANY, count=len(sides), most=config.MOST_SIDES))
    if faults:
        raise BadInput(join(LINES, faults))


def with_best(run: Run, request: Request, runners: Runners, display: Display) -> tuple[Side, ...]:
    """Run short trials in a run in ``run``; return the sides, then those at another best number.

    The result is written, and the run has these sides from then on. Raises JobFailed if a trial
    fails, OrchestratorError.
    """
    found = [runners.get(name).info() for name in request.frameworks]
    cores = [each.physical_cores for each in found if each.HasField("physical_cores")]
    cpus, equal = min(each.available_cpus for each in found), request.spec.threads
    counts = candidates(cpus, min(cores, default=None), equal)
    sides = [at(side, count) for side in request.sides for count in counts]
    spec = first_steps(request.spec)
    limit = request.spec.steps_per_epoch_limit
    spec.steps_per_epoch_limit = min(limit, _STEPS) if limit else _STEPS
    names = [side.name for side in sides]
    inner = store.within(run, _FILE, plain(names), names, spec)
    listed = ", ".join(map(str, counts))

    def enough(number: int) -> bool:
        if number < BLOCKS:
            show(number + 1)
        return number == BLOCKS or any(trial.error for trial in inner.trials())

    def show(number: int) -> None:
        display.stage(say(_SEARCHING, counts=listed, number=number, of=BLOCKS), number - 1, BLOCKS)

    show(1)
    with logged(run.log_path, Stages(display)) as listen:
        faults = run_trials(placements(sides, spec, enough), runners, inner, listen)
    display.stage("")
    if faults:
        raise JobFailed(join(LINES, faults))
    result = search(request.sides, counts, equal, inner.trials())
    run.write_result(_FILE, as_json({"schema": SCHEMA, **fields_of(result)}))
    chosen = tuple(dict.fromkeys([*request.sides, *map(Side.named, result.best.values())]))
    about.change(run.path, sides=[side.name for side in chosen])
    return chosen


def of_run(run: Run) -> Search | None:
    """Return what the short trials of a run came to. None: it had none. Raises RunUnreadable."""
    found = run.result(_FILE)
    return None if found is None else read(Search, found, str(run.path / f"{_FILE}.json"))
