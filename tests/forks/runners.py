"""Imports what runners need."""

import tests.integration.fake_runner  # noqa: F401
