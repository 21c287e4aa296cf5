"""A user's own data, from the file to the result, through real runners that share no folder."""

import json
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest

from tests.waiting import HANG_SECONDS, eventually

_DRAW = np.random.default_rng(7)
X = _DRAW.normal(size=(240, 3))
BINARY = X[:, 0] + _DRAW.normal(0, 0.5, 240) > 0
KINDS = np.array(["ash", "birch", "oak"])[(X[:, 0] > 0).astype(int) + (X[:, 1] > 0)]
EPOCHS = ("--epochs=2", "--threads=1")
CUT_AFTER = 4 * 2**20  # bytes


@pytest.fixture
def files(tmp_path):
    """A file of each kind in the folder where commands are given; its name and its target."""
    columns = {"a": X[:, 0], "b": X[:, 1], "c": X[:, 2]}
    lines = ["a,b,c,churned"]
    lines += [f"{a},{b},{c},{'yes' if y else 'no'}" for (a, b, c), y in zip(X, BINARY, strict=True)]
    (tmp_path / "churn.csv").write_text("\n".join(lines))
    table = pyarrow.table({**columns, "kind": pyarrow.array(KINDS).dictionary_encode()})
    pyarrow.parquet.write_table(table, tmp_path / "trees.parquet")
    np.savez(tmp_path / "tags.npz", x=np.float32(X), tags=X > 0)
    return {"binary": ("churn.csv", "churned"), "classes": ("trees.parquet", "kind")} | {
        "several flags": ("tags.npz", "tags")
    }


@pytest.fixture(autouse=True)
def own(orchestrator):
    """Where the orchestrator writes the data, which no runner reads."""
    orchestrator.env["TWINRUN_DATA_DIR"] = str(orchestrator.home / "own")
    return orchestrator.home / "own/blobs"


def blobs(runner):
    return runner.state_dir.parent / "data/blobs"


METRICS = {"binary": "roc_auc", "classes": "macro_f1", "several flags": "f1"}


@pytest.mark.parametrize("kind", METRICS)
def test_a_workload_that_is_written_for_a_file_runs_as_it_is(orchestrator, own, two, files, kind):
    name, target = files[kind]
    written = orchestrator.run("workloads", "new", f"--data={name}", f"--target={target}")
    (orchestrator.home / "mine.yaml").write_text(written.stdout)
    runners, flags = two()
    orchestrator.run("compare", "--workload=mine.yaml", *EPOCHS, *flags)
    assert orchestrator.latest().certificate()["same_job"] is True
    for trial in orchestrator.latest().trials():
        assert trial.inputs.train_samples == 192
        assert trial.epochs[-1].train_loss < trial.epochs[0].train_loss
        assert 0 < trial.epochs[-1].test.others[METRICS[kind]] <= 1
    (made,) = own.iterdir()
    for runner in runners.values():
        (sent,) = blobs(runner).iterdir()
        assert sent.read_bytes() == made.read_bytes()


def test_a_binary_job_is_evaluated_with_the_curves_of_both_sides(orchestrator, two, files):
    _, flags = two()
    name, target = files["binary"]
    given = (f"--data={name}", f"--target={target}", *EPOCHS, "--no-verify", *flags)
    orchestrator.run("compare", *given)
    asked = ("evaluate", "latest", "--framework=pytorch", *flags)
    found = json.loads(orchestrator.run(*asked, "--json").stdout)
    assert [curve["framework"] for curve in found["curves"]] == ["pytorch", "tensorflow"]
    last = orchestrator.latest().trials()[0].epochs[-1].test.others
    for name in ("roc_auc", "average_precision"):
        assert found["curves"][0][name] == pytest.approx(last[name], abs=1e-12)
    assert sum(map(sum, found["confusion"])) == found["samples"] == 48
    assert [each["name"] for each in found["classes"]] == ["no", "yes"]
    shown = orchestrator.run(*asked, "--weights-from=tensorflow").stdout
    rows = [line.split("  ")[0] for line in shown.splitlines()]
    assert {"PyTorch, with the weights of TensorFlow", "PyTorch", "TensorFlow"} <= set(rows)
    figures = orchestrator.latest().path / "figures"
    assert (figures / "evaluation-pytorch-1-from-tensorflow.svg").exists()


# --------------------------------------------------------------------------------- a killed upload


@dataclass
class Cable:
    """Connections to a runner; after ``limit`` bytes nothing more goes to it."""

    port: int
    limit: int | None
    address: str = ""
    passed: int = 0
    sockets: list[socket.socket] = field(default_factory=list)

    def serve(self, listening: socket.socket) -> None:
        with suppress(OSError):  # closed
            while True:
                client, _ = listening.accept()
                runner = socket.create_connection(("127.0.0.1", self.port), HANG_SECONDS)
                self.sockets += client, runner
                for ends, counted in (((client, runner), True), ((runner, client), False)):
                    threading.Thread(target=self._pass, args=(*ends, counted), daemon=True).start()

    def _pass(self, source: socket.socket, sink: socket.socket, counted: bool) -> None:
        with suppress(OSError):
            while data := source.recv(2**16):
                if counted and self.limit is not None and self.passed >= self.limit:
                    return  # and nothing is read any more
                self.passed += len(data) if counted else 0
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)


@contextmanager
def cable(runner, limit: int | None) -> Iterator[Cable]:
    made = Cable(int(runner.address.rpartition(":")[2]), limit)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        made.address = f"127.0.0.1:{listening.getsockname()[1]}"
        thread = threading.Thread(target=made.serve, args=(listening,))
        thread.start()
        try:
            yield made
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            thread.join()
            for each in made.sockets:
                each.close()


def test_an_upload_that_was_killed_in_the_middle_goes_on_and_leaves_nothing(
    orchestrator, own, start, tmp_path
):
    features = _DRAW.normal(size=(2_000, 1_000))  # 16 MB
    np.savez(tmp_path / "large.npz", x=features, y=features[:, 0] > 0)
    runner = start()
    given = ("train", "--framework=pytorch", "--data=large.npz", "--target=y", "--epochs=1")

    with cable(runner, CUT_AFTER) as cut:
        process = orchestrator.start(*given, "--threads=1", f"--pytorch={cut.address}")
        assert eventually(lambda: cut.passed >= CUT_AFTER or process.poll() is not None)
        assert process.poll() is None, process.communicate()
        process.send_signal(signal.SIGKILL)
        process.communicate()
    (part,) = blobs(runner).iterdir()
    assert part.suffix == ".part"
    begun = part.stat()
    assert 0 < begun.st_size < features.nbytes

    with cable(runner, None) as whole:
        orchestrator.run(*given, "--threads=1", f"--pytorch={whole.address}")
    (sent,) = blobs(runner).iterdir()
    (made,) = own.iterdir()
    assert sent.stat().st_ino == begun.st_ino, "it began anew"
    assert sent.name == made.name
    assert sent.read_bytes() == made.read_bytes()
    assert not list(tmp_path.rglob("*.part"))
    assert not list(tmp_path.rglob(".*.[0-9]*")), "half-written files"
