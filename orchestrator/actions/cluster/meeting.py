"""Meet the machines, before the first block and later: who answers, and whether they are alike."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from queue import Empty, SimpleQueue

from orchestrator.actions.cluster.sources import Source
from orchestrator.errors import BadInput, OrchestratorError, RunnerUnavailable, WrongRunner
from orchestrator.language.phrases import Phrase, Sentence, english, join, say
from orchestrator.language.words import LINES, OF, SEMICOLON
from orchestrator.runners.apart import AtOnce, start
from orchestrator.runners.cluster.alike import differences, facts
from orchestrator.runners.finding import Runners
from orchestrator.runners.progress import Display
from orchestrator.settings.hosts import Host

_NOBODY = Phrase("None of the machines of --cluster can be reached:\n{faults}")
_FAULTS = Phrase("Machines of --cluster cannot be used:\n{faults}")
_UNLIKE = Phrase(
    "The machines of --cluster are not alike, so their times do not belong in one ratio:\n{what}\n"
    "Make a comparison with each kind of machine: a file of each, or Ray's resource 'twinrun' on "
    "the nodes of one kind."
)
_WITHOUT = Phrase("{machine} cannot be reached, and is left out: {why}")
_UNLIKE_LATER = Phrase("it is not like the machines of the beginning: {what}")


@dataclass(frozen=True, slots=True)
class Met:
    """A machine that answers. ``facts``: what a time on it depends on, by runner and field."""

    host: Host
    runners: Runners
    facts: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Machines:
    """Machines that are alike, by name; ``missing``: why the others do not answer.

    ``gone``: those whose runners are gone for good by now, and why. ``come``: those that came
    later, and have been met, or why they are left out.
    """

    met: dict[str, Met]
    missing: Mapping[str, Sentence]
    gone: dict[str, Sentence] = field(default_factory=dict)
    come: "SimpleQueue[tuple[Host, Met | OrchestratorError]]" = field(default_factory=SimpleQueue)

    @property
    def first(self) -> Met:
        """The first one, on which the certificate is made."""
        return next(iter(self.met.values()))

    def later(self) -> Iterator[tuple[Host, Met | OrchestratorError]]:
        """Yield those that came since the last call, or why they are left out."""
        with suppress(Empty):
            while True:
                yield self.come.get_nowait()

    def take(self, met: Met) -> None:
        """Have it, perhaps again; what waits for its runners ends with them."""
        self.met[met.host.name] = met
        self.gone.pop(met.host.name, None)
        if met.host.keeper is not None:
            met.host.keeper.on_end(partial(_lose, self, met))


@contextmanager
def meet(source: Source, runners: Sequence[str], display: Display) -> Iterator[Machines]:
    """Yield the machines that answer, if they are alike; those that do not are named.

    All are asked at once. ``runners``: names of those that each must have. Raises
    RunnerUnavailable if nobody answers, and BadInput for what is wrong with any of them. What comes
    later is met too, and what is wrong with that is no error.
    """
    telling = threading.Lock()

    def tell(host: Host, text: str) -> None:
        with telling:
            display.say(say(OF, name=host.name, what=text))

    with ExitStack() as exits:

        def met(host: Host) -> Callable[[], Met | OrchestratorError]:
            own = exits.enter_context(closing(Runners(host.places, partial(tell, host))))
            return partial(_met, host, own, runners)

        coming = SimpleQueue[Host | None]()
        exits.callback(coming.put, None)
        hosts = exits.enter_context(source.opened(runners, display.say, coming.put))
        asked = AtOnce()
        for host in hosts:
            asked.begin(host.name, met(host))
        for _ in hosts:
            asked.wait()
        answers: dict[str, Met | OrchestratorError] = asked.results
        machines = _sorted(answers)
        for name, why in machines.missing.items():
            display.say(say(_WITHOUT, machine=name, why=why))
        for each in machines.met.values():
            machines.take(each)
        start(partial(_meet_later, machines, coming, met))
        yield machines


def _meet_later(
    machines: Machines,
    coming: "SimpleQueue[Host | None]",
    met: Callable[[Host], Callable[[], Met | OrchestratorError]],
) -> None:
    first = machines.first
    while (host := coming.get()) is not None:
        found = met(host)()
        if isinstance(found, Met):
            facts = {first.host.name: first.facts, host.name: found.facts}
            if unlike := differences(facts):
                found = BadInput(english(_UNLIKE_LATER, what=join(SEMICOLON, unlike)))
        machines.come.put((host, found))


def _lose(machines: Machines, met: Met, why: Sentence) -> None:
    """End what waits for the runners of a machine."""
    if machines.met.get(met.host.name, met) is not met:
        return  # it came again meanwhile
    machines.gone[met.host.name] = why
    for runner in met.runners.taken():
        met.runners.get(runner).ended(why)


def _met(host: Host, own: Runners, names: Sequence[str]) -> Met | OrchestratorError:
    if host.fault is not None:
        return RunnerUnavailable(host.fault)
    try:
        own.prepare(names)
        found = dict[str, str]()
        for name in names:
            client = own.get(name)
            each = {**facts(client.environment()), "build": client.info().build_sha256}
            found |= {f"{name}: {fact}": value for fact, value in each.items()}
    except OrchestratorError as error:
        return error
    return Met(host, own, found)


def _sorted(answers: Mapping[str, Met | OrchestratorError]) -> Machines:
    met = {name: each for name, each in answers.items() if isinstance(each, Met)}
    errors = {name: e for name, e in answers.items() if isinstance(e, OrchestratorError)}
    missing = {name: error.message for name, error in errors.items() if _is_away(error)}
    wrong = {name: error.message for name, error in errors.items() if not _is_away(error)}
    if wrong:
        raise BadInput(english(_FAULTS, faults=_listed(wrong)))
    if not met:
        raise RunnerUnavailable(english(_NOBODY, faults=_listed(missing)))
    if unlike := differences({name: each.facts for name, each in met.items()}):
        raise BadInput(english(_UNLIKE, what=join(LINES, unlike)))
    return Machines(met, missing)


def _is_away(error: OrchestratorError) -> bool:
    return isinstance(error, RunnerUnavailable) and not isinstance(error, WrongRunner)


def _listed(faults: Mapping[str, Sentence]) -> Sentence:
    return join(LINES, [english(OF, name=name, what=why) for name, why in faults.items()])
