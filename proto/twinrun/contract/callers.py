"""What both halves know of those who may call a runner: their names."""

import re

NAME = re.compile(r"[\w.@-]{1,64}")
