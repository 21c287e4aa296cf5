"""Where everything that comes from a runner is looked at, once, before anything is made of it.

A runner may be old, wrong, hung or hostile. Kinds, order, lengths, ranges and sizes are held
against the job's spec, and texts lose what could move a cursor or forge a line. What cannot be is
one sentence that names the runner and the field: `WrongReport` of a job, `WrongRunner` of the
runner itself. `orchestrator.runners.client` calls it, since it alone speaks with runners.
"""
