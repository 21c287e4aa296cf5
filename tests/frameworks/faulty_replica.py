"""As `services.pytorch.devices.replica`, with the fault whose name a file has for each trainer."""

import os
from contextlib import ExitStack
from pathlib import Path

from services.pytorch.devices import replica
from tests.frameworks.device_faults import FILE, planted

_now = ExitStack()
_made = replica.MatchedTrainer


class Trainer(_made):
    def __init__(self, *given):
        _now.close()
        _now.enter_context(planted(Path(os.environ[FILE]).read_text(), "pytorch"))
        super().__init__(*given)


if __name__ == "__main__":
    replica.MatchedTrainer = Trainer
    replica.main()
