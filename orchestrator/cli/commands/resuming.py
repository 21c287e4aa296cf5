"""The command that goes on with what a command before it had begun."""

from contextlib import closing

from orchestrator.actions.cluster import train as clusters
from orchestrator.actions.compare import raise_for
from orchestrator.cli import cluster_option
from orchestrator.cli.cluster_option import ClusterOption
from orchestrator.cli.commands import sweeping
from orchestrator.cli.commands.keeping import RunArgument
from orchestrator.cli.commands.training import raise_unless_the_same
from orchestrator.cli.options import ShownOptions, WhereOptions
from orchestrator.cli.output import display_of, print_json, print_report
from orchestrator.reports import comparison
from orchestrator.results.comparison_file import as_dict
from orchestrator.results.limits import judging
from orchestrator.storage import shelf
from orchestrator.storage.about import Kind
from orchestrator.storage.store import Run


def resume(
    run: RunArgument,
    where: WhereOptions,
    shown: ShownOptions,
    *,
    cluster: ClusterOption = None,
) -> None:
    """Go on with a sweep, or a comparison on several machines, whose command ended early.

    No block that has ended runs again. What it is to run is known; --cluster names the machines if
    they are not where they were, and for a sweep on one machine its runners are found as always.

    Example: orchestrator resume latest
    """
    stored = shelf.find(run, shown.output)
    if stored.about().kind is Kind.SWEEP:
        sweeping.tell(sweeping.resumed(stored, where, shown, cluster), shown)
    else:
        _resume(stored, shown, cluster)


def _resume(run: Run, shown: ShownOptions, cluster: str | None) -> None:
    what, _ = clusters.resumable(run)
    clusters.check(cluster_option.given())
    with closing(display_of(shown, tuple(what.sides), run.spec().epochs)) as display:
        outcome = clusters.resume(run, cluster, display)
    if shown.as_json:
        print_json(as_dict(outcome.comparison))
    else:
        print_report(comparison.report(outcome.comparison), plain_elsewhere=True)
    raise_for([outcome])
    raise_unless_the_same([outcome])
    judging.raise_for(outcome.comparison.decisions)
