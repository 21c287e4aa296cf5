"""Lies in the files that a job leaves, and in the pieces that they come in."""

import hashlib
import json
from collections.abc import Callable
from typing import Any

from tests.builders.lying import Lie, Report
from tests.integration.lies.table import CASES, Case, field, told


# --------------------------------------------------------------- files
def piece(name: str, change: Callable[[Any], Any], says: str = "") -> None:
    CASES[f"piece: {name}"] = Case("train", Lie(piece=change), says=says)


piece("a total of a terabyte", field("total_bytes", 2**40), "total_bytes")
piece("a total below zero", field("total_bytes", -1), "total_bytes")
piece("a total of 1", field("total_bytes", 1), "total_bytes")
piece("another digest", field("sha256", "0" * 64), "sha256")
piece("no digest", field("sha256", ""), "sha256")
piece("nothing in it", field("chunk", b""), "len(chunk)")
piece("more than there is", field("chunk", b"x" * 100_000), "len(chunk)")
piece("3 MiB", field("chunk", b"x" * 3 * 2**20), "len(chunk)")
piece("5 MiB", field("chunk", b"x" * 5 * 2**20), "too large for gRPC")
piece("other bytes", lambda p: field("chunk", bytes(len(p.chunk)))(p), "SHA-256")


def file(name: str, make: Callable[[bytes], bytes], which: int | str = 2, says: str = "") -> None:
    """A file that is announced as it is, and is not what it should be."""

    def change(report: Report) -> None:
        content = report.files[which] = make(report.files[which])
        kind = "logits_saved" if which == "logits" else "weights_saved"
        said = report.of(kind)[0 if which in ("logits", 1) else 1]
        said.sha256, said.size_bytes = hashlib.sha256(content).hexdigest(), len(content)
        if which == 1:
            report.of("inputs")[0].initial_weights_sha256 = said.sha256

    told(f"file: {name}", change, says)


def tensors(change: Callable[[dict[str, Any]], Any], pad: int = 0) -> Callable[[bytes], bytes]:
    """The header changed, the rest as it is."""

    def make(content: bytes) -> bytes:
        length = int.from_bytes(content[:8], "little")
        header = json.loads(content[8 : 8 + length])
        change(header)
        text = json.dumps(header).encode().ljust(pad)
        return len(text).to_bytes(8, "little") + text + content[8 + length :]

    return make


def _renamed(header: dict[str, Any]) -> None:
    header["layers.9.kernel"] = header.pop("layers.1.kernel")


NO_FILE = "safetensors"
file("no file", lambda c: b"x" * len(c), says="header")
file("a header of exabytes", lambda c: b"\xff" * 8 + c[8:], says="header")
file("a header that is a list", lambda c: c[:8] + c[8:].replace(b"{", b"[", 1), says=NO_FILE)
file("a tensor is missing", tensors(lambda h: h.pop("layers.1.bias")), says="layers.1.bias")
file("a tensor more", tensors(lambda h: h.update(x=h["layers.1.bias"])), says="tensor x")
file("another name", tensors(_renamed), says="layers.1.kernel")
file("another shape", tensors(lambda h: h["layers.1.bias"].update(shape=[2, 5])), says="shape")
file("another type", tensors(lambda h: h["layers.1.bias"].update(dtype="I32")), says="dtype")
file("no type", tensors(lambda h: h["layers.1.bias"].pop("dtype")), says=NO_FILE)
file("a place outside", tensors(lambda h: h["layers.1.bias"].update(data_offsets=[0, 2**60])))
file("a place below zero", tensors(lambda h: h["layers.1.bias"].update(data_offsets=[-40, 0])))
file("one place twice", tensors(lambda h: h["layers.1.bias"].update(data_offsets=[40, 80])))
file("metadata", tensors(lambda h: h.update(__metadata__={"a": "b"})), says="__metadata__")
file("nested without end", lambda c: c[:8] + b"{" + b"[" * 200 + c[209:], says=NO_FILE)
file("bytes more", lambda c: c + b"12345678", says="len")
file("bytes less", lambda c: c[:-8])
file("initial: another shape", tensors(lambda h: h["layers.1.bias"].update(shape=[5, 2])), 1)
file("logits: another shape", tensors(lambda h: h["logits"].update(shape=[10, 20])), "logits")
file("logits: no labels", tensors(lambda h: h.pop("labels")), "logits", "labels")
file(
    "logits: a label of 2**31 - 1", lambda c: _labelled(c, b"\xff\xff\xff\x7f"), "logits", "labels"
)
file("logits: a label below zero", lambda c: _labelled(c, b"\xff" * 4), "logits", "labels")


def _labelled(content: bytes, label: bytes) -> bytes:
    length = int.from_bytes(content[:8], "little")
    first = 8 + length + json.loads(content[8 : 8 + length])["labels"]["data_offsets"][0]
    return content[:first] + label + content[first + 4 :]
