"""For all tests."""

import signal

# Whoever runs the tests in the background may have Ctrl-C ignored, which processes inherit.
signal.signal(signal.SIGINT, signal.default_int_handler)
