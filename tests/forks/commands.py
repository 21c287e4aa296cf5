"""Imports what commands need, and what draws."""

import importlib
import pkgutil

NAMES = (
    *("orchestrator.cli.main", "orchestrator.cli.entry", "orchestrator.page.render"),
    *("typer._adapters", "grpc._channel", "encodings.idna", "_strptime", "matplotlib.figure"),
)
for name in ("orchestrator.cli.commands", "orchestrator.actions", "orchestrator.reports.writers"):
    package = importlib.import_module(name)
    for each in pkgutil.walk_packages(package.__path__, f"{name}."):
        importlib.import_module(each.name)
for name in NAMES:
    importlib.import_module(name)
