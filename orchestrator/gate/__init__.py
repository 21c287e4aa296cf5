"""The checks of everything that a runner sends, once, before it is used.

A runner may be old, wrong, hung or hostile. Kinds, order, lengths, ranges and sizes are compared
with the job's spec, and texts lose anything that could move a cursor or forge a line. Anything
impossible becomes one sentence that names the runner and the field: `WrongReport` for a job,
`WrongRunner` for the runner itself. `orchestrator.runners.client` calls these checks, because only
it talks to runners.
"""
