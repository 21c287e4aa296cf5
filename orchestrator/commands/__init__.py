"""The commands, in the order in which ``--help`` lists them."""

from orchestrator.commands.keeping import diff, open_, report, rm, runs, show
from orchestrator.commands.live import live
from orchestrator.commands.looking import cancel, env, jobs, summary, watch, workloads
from orchestrator.commands.previewing import preview
from orchestrator.commands.proving import explain, verify
from orchestrator.commands.training import compare, evaluate, train

COMMANDS = (
    *(compare, verify, explain, train, evaluate),
    *(workloads, summary, preview),
    *(runs, show, open_, report, diff, rm),
    *(live, watch, cancel, jobs, env),
)
