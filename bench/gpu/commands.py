"""Parts ``verify``, ``compare``, ``alike``, ``idiomatic``, ``explain``: what users type.

Their runners are started here, by the interpreter that runs the check, so that no environment need
be made. ``--how`` names the command.
"""

import contextlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from bench.gpu.part import Table, options, save
from bench.runners import runner

SIZE = ("--train-limit", "20000", "--epochs", "3")
COMMANDS = {
    "verify": (
        ("verify", "-w", "mnist-mlp", "--steps", "60"),
        ("verify", "-w", "fashion-cnn", "--steps", "60"),
        ("verify", "-w", "mnist-mlp", "--steps", "60", "--execution", "compiled"),
    ),
    "compare": (
        ("compare", *SIZE, "--repeats", "{pairs}", "--execution", "compiled", "--profile"),
        ("compare", *SIZE, "--repeats", "2", "--no-verify", "--profile"),
    ),
    "alike": (
        ("compare", "--aa", "{first}", *SIZE, "--repeats", "{pairs}", "--execution", "compiled"),
    ),
    "idiomatic": (("compare", *SIZE, "--recipe", "idiomatic"),),
    "explain": (
        ("explain", *SIZE, "--pitfall", "jit-compile"),
        ("explain", *SIZE, "--pitfall", "cuda-graph"),
    ),
}


def main() -> int:
    chosen = options()
    environment = {
        **os.environ,
        "XDG_STATE_HOME": str(chosen.output / "state"),
        "XDG_CACHE_HOME": str(chosen.output / "cache"),
        "TWINRUN_DATA_DIR": str(chosen.data_dir),
    }
    table = Table(f"{chosen.how}: commands", ["command", "exit code", "seconds", "said"])
    with contextlib.ExitStack() as exits:
        addresses = []
        for framework in chosen.frameworks:
            made = exits.enter_context(runner(framework, sys.executable, environment=environment))
            addresses += ["--runner", f"{framework}={made.address}"]
        for command in COMMANDS[chosen.how]:
            words = [
                word.format(first=chosen.frameworks[0], pairs=chosen.pairs) for word in command
            ]
            sides = [] if "--aa" in words else ["--frameworks", ",".join(chosen.frameworks)]
            print(f"$ orchestrator {' '.join(words)}", flush=True)
            began = time.perf_counter()
            done = subprocess.run(
                [
                    *(sys.executable, "-m", "orchestrator", *words, *sides, *addresses),
                    *("--device", str(chosen.device), "--output", str(chosen.output / "runs")),
                ],
                env=environment,
                capture_output=True,
                text=True,
                check=False,
            )
            seconds = f"{time.perf_counter() - began:.0f}"
            print(done.stdout, done.stderr[-2000:], sep="\n", flush=True)
            said = next((line for line in done.stdout.splitlines() if line.strip()), "")
            table.rows.append([" ".join(words), str(done.returncode), seconds, said])
            save(chosen, table)
    _keep(chosen.output)
    return 0


def _keep(output: Path) -> None:
    """Remove what is large: weights, logits and caches."""
    for name in ("state", "cache"):
        shutil.rmtree(output / name, ignore_errors=True)
    for path in output.rglob("*"):
        if path.suffix in (".safetensors", ".npz", ".npy"):
            path.unlink()


if __name__ == "__main__":
    sys.exit(main())
