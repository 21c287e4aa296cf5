"""Never comes back from its import."""

import time

from tests.waiting import FOREVER_SECONDS

time.sleep(FOREVER_SECONDS)
