"""For all tests."""

import os
import signal
import tempfile

from hypothesis import HealthCheck, settings

# Whoever runs the tests in the background may have Ctrl-C ignored, which processes inherit.
signal.signal(signal.SIGINT, signal.default_int_handler)

# What commands print is held against English text, whatever the developer's locale is.
os.environ["TWINRUN_LANG"] = "en"

# Hypothesis has limits of time of its own: for one example, and for how long drawing one takes.
settings.register_profile("any-speed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any-speed")


def pytest_configure(config):
    """What processes leave, such as compiled graphs, goes with the tests; `tmp_path` stays."""
    if hasattr(config, "workerinput"):
        return  # a process of pytest-xdist has the directory of the one that started it
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", tempfile.gettempdir())
    folder = tempfile.TemporaryDirectory(prefix="twinrun-tests-", ignore_cleanup_errors=True)
    config.add_cleanup(folder.cleanup)
    os.environ["TMPDIR"] = tempfile.tempdir = folder.name
