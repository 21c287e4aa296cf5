"""The command that goes on with what a command before it had begun."""

from contextlib import closing

from orchestrator.actions.cluster import train as clusters
from orchestrator.actions.compare import raise_for
from orchestrator.cli.cluster_option import ClusterOption
from orchestrator.cli.commands.keeping import RunArgument
from orchestrator.cli.commands.training import raise_unless_the_same
from orchestrator.cli.options import ShownOptions
from orchestrator.cli.output import display_of, print_json, print_report
from orchestrator.reports import comparison
from orchestrator.results.comparison_file import as_dict
from orchestrator.results.limits import judging
from orchestrator.storage import shelf


def resume(run: RunArgument, shown: ShownOptions, *, cluster: ClusterOption = None) -> None:
    """Go on with a comparison on several machines whose command ended early.

    No block that has ended runs again. What it is to run is known; --cluster names the machines if
    they are not where they were. A sweep goes on by 'orchestrator sweep --resume'.

    Example: orchestrator resume latest
    """
    stored = shelf.find(run, shown.output)
    what, _ = clusters.resumable(stored)
    epochs = stored.spec().epochs
    with closing(display_of(shown, tuple(what.sides), epochs)) as display:
        outcome = clusters.resume(stored, cluster, display)
    if shown.as_json:
        print_json(as_dict(outcome.comparison))
    else:
        print_report(comparison.report(outcome.comparison), plain_elsewhere=True)
    raise_for([outcome])
    raise_unless_the_same([outcome])
    judging.raise_for(outcome.comparison.decisions)
