"""Imports what processes of trials on fakes need."""

import tests.integration.fakes.good  # noqa: F401
