"""For all tests."""

import os
import signal

# Whoever runs the tests in the background may have Ctrl-C ignored, which processes inherit.
signal.signal(signal.SIGINT, signal.default_int_handler)

# What commands print is held against English text, whatever the developer's locale is.
os.environ["TWINRUN_LANG"] = "en"
