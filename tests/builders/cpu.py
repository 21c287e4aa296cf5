"""What this machine's processor can do."""

from pathlib import Path

import pytest

_FLAGS = Path("/proc/cpuinfo")
ROUNDS_ONCE = pytest.mark.skipif(
    not (_FLAGS.is_file() and "avx512dq" in _FLAGS.read_text()),
    reason="bfloat16 on a CPU takes AVX-512",
)
