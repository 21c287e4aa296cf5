"""The commands, in the order in which ``--help`` lists them."""

from orchestrator.commands.looking import cancel, env, jobs, watch, workloads
from orchestrator.commands.proving import explain, verify
from orchestrator.commands.training import compare, evaluate, train

COMMANDS = (compare, verify, explain, train, evaluate, workloads, watch, cancel, jobs, env)
