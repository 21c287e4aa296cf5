"""A comparison, and a sweep, over machines of scripted runners."""

from collections import Counter

from orchestrator.actions.cluster.comparison import OfComparison
from orchestrator.actions.cluster.meeting import Machines, Met
from orchestrator.actions.compare import ComparisonRequest
from orchestrator.actions.repeat import Plan
from orchestrator.actions.sweeps import train
from orchestrator.errors import OrchestratorError
from orchestrator.language.phrases import stored
from orchestrator.runners.cluster.queue import Turns
from orchestrator.runners.progress import Lines
from orchestrator.settings.config import Places
from orchestrator.settings.grid import Grid
from orchestrator.settings.hosts import Host
from orchestrator.storage import clustering, shelf
from orchestrator.storage.clustering import ClusterPlan
from orchestrator.trials.sides import sides
from tests.builders.scripted import BOTH
from tests.builders.stored import create
from tests.builders.sweeping import SPEC_OF_ONE, Client, Runners, request

CELLS = Grid({"batch_size": [16, 64, 256]}, {})


def machine(name, client, keeper=None, addresses=None):
    host = Host(name, Places(addresses or {}), keeper)
    return Met(host, Runners(client, Client("tensorflow")), {})


def over(folder, repeats=4, done=(), precision=None, *, gone=(), keeper=None, come=(), **first):
    """Run blocks on machines, of whose PyTorch's runners ``first`` are; return all of it.

    ``gone``: those whose runners are known to be gone; ``keeper``: of all. ``come``: those that
    come later, as of `Machines.come`; or what receives that.
    """
    run, said = create(folder, sides=BOTH, spec=SPEC_OF_ONE), list[str]()
    addresses = {name: {} for name in first}
    clustering.write(
        run, ClusterPlan("ray", addresses, {}, "seed", "a", repeats, False, False, False, 60.0)
    )
    met = {name: machine(name, client, keeper) for name, client in first.items()}
    plan = Plan(repeats, same_seed=False, precision=precision)
    request = ComparisonRequest("w", SPEC_OF_ONE, sides(BOTH), folder, plan=plan)
    machines = Machines(met, {}, dict.fromkeys(gone, stored("it burns")))
    if callable(come):
        come(machines.come)
    else:
        for each in come:
            machines.come.put(each)
    work = OfComparison(machines, Turns(request.sides, "seed", {}), done)
    error = None
    try:
        work(run, request, met[next(iter(met))].runners, Lines(said.append))
    except OrchestratorError as raised:
        error = raised
    return run, said, error


def counts(run):
    return Counter(trial.number for trial in run.trials())


def swept_over(home, source, grid=CELLS, said=None, **plan):
    """Run a sweep, or go on with the one that ``home`` has."""
    display = Lines((said if said is not None else []).append)
    if found := shelf.runs(home):
        return train.resume_over(found[0], None, display)
    return train.sweep_over(request(home, grid, **plan), source, display)
