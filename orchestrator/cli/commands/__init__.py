"""The commands, in the order in which ``--help`` lists them, each with its module in this folder.

A module is imported only when one of its commands is described or run: `lazy`.
"""

from collections.abc import Mapping

COMMANDS: Mapping[str, str] = {
    "compare": "training",
    "sweep": "sweeping",
    "resume": "resuming",
    "largest-batch": "sizing",
    "verify": "proving",
    "explain": "proving",
    "parity": "parity",
    "pair": "porting",
    "train": "training",
    "evaluate": "training",
    "workloads": "looking",
    "summary": "looking",
    "preview": "previewing",
    "prefetch": "previewing",
    "runs": "keeping",
    "show": "keeping",
    "open": "keeping",
    "report": "keeping",
    "note": "keeping",
    "diff": "keeping",
    "track": "tracking",
    "export": "exporting",
    "rm": "keeping",
    "live": "live",
    "watch": "looking",
    "cancel": "looking",
    "jobs": "looking",
    "env": "looking",
    "certs": "access",
    "token": "access",
}
