"""Stands in for NVIDIA's container runtime: records what each container asks of it, runs runc.

Like the real one, it puts `nvidia-smi` into a container that asks for the capability "utility".
"""

import json
import os
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent


def main() -> None:
    arguments = sys.argv[1:]
    if "create" in arguments:
        config = Path(arguments[arguments.index("--bundle") + 1]) / "config.json"
        spec = json.loads(config.read_text())
        asked = dict(variable.split("=", 1) for variable in spec["process"]["env"])
        with (HERE / "asked.jsonl").open("a") as record:
            record.write(json.dumps({"args": spec["process"]["args"], "env": asked}) + "\n")
        if "utility" in asked.get("NVIDIA_DRIVER_CAPABILITIES", ""):
            spec["mounts"].append(
                {
                    "destination": "/usr/bin/nvidia-smi",
                    "source": str(HERE / "nvidia-smi"),
                    "type": "bind",
                    "options": ["bind", "ro"],
                }
            )
            config.write_text(json.dumps(spec))
    os.execvp("runc", ["runc", *arguments])


if __name__ == "__main__":
    main()
