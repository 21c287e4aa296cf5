"""Commands against a runner that lies: each lie ends in a sentence, in time, in little memory."""

import json
import subprocess
import sys

from tests.integration.lies import CASES
from tests.integration.meet_lies import MOST_SECONDS

MOST_BYTES = 500_000_000


def test_every_lie_ends_in_one_sentence_and_leaves_a_run_that_can_be_read(tmp_path):
    assert len(CASES) >= 150
    met = subprocess.run(
        [sys.executable, "-m", "tests.integration.meet_lies", str(tmp_path)],
        stdout=subprocess.PIPE,
        timeout=600,
        text=True,
        check=True,
    )
    *found, last = map(json.loads, met.stdout.splitlines())
    assert [each["name"] for each in found] == ["the truth", *CASES]
    wrong = [each for each in found if each["wrong"]]
    assert not wrong, json.dumps(wrong, indent=2)
    assert max(each["seconds"] for each in found) < MOST_SECONDS
    assert last["peak_bytes"] < MOST_BYTES
