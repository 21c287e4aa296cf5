"""Lies in traces of users' code: the model that is told, and the arrays of its step."""

import copy
import hashlib
from collections.abc import Callable
from typing import Any

import numpy as np
import safetensors.numpy

from tests.builders.lying import Lie, Report, put
from tests.integration.lies.table import CASES, COLOUR, INF, NAN, Case, told, wrong

CASES["pair: the truth"] = Case("pair", Lie(), (0,), "none is left over")


# --------------------------------------------------------------- the model
for path, value in {
    "layers": [],
    "tensors": [],
    "layers[0].output_shape": [-1],
    "layers[0].input_shape": [1] * 9,
    "tensors[0].shape": [-1, 4],
    "tensors[0].shape ": [1] * 9,
    "tensors[1].key": "first.kernel",
    "tensors[0].tied_to": "of another model",
}.items():
    wrong("model_traced", path.strip(), value, command="pair", says=path.strip().partition("[")[0])


def model(name: str, change: Callable[[Any], Any], says: str = "", codes=(4,)) -> None:
    def changed(report: Report) -> None:
        change(report.of("model_traced")[0])

    told(f"trace: {name}", changed, says, command="pair", codes=codes)


def draw(rate: float, shape: list[int]) -> Callable[[Any], Any]:
    return lambda traced: traced.draws.add(path="drop", rate=rate, shape=shape)


model("no model", lambda traced: traced.Clear(), "len(model_traced.layers)")
model(
    "20,000 layers", lambda t: t.layers.extend([t.layers[0]] * 20_000), "len(model_traced.layers)"
)
model("a mask at a rate of NaN", draw(NAN, [4]), "draws[0].rate")
model("a mask at a rate of 1", draw(1.0, [4]), "draws[0].rate")
model("a mask at a rate below 0", draw(-0.5, [4]), "draws[0].rate")
model("a mask of nine axes", draw(0.5, [1] * 9), "draws[0].shape")
model("a mask that the other side lacks", draw(0.5, [2**31 - 1]), "", (0, 6))
model("a layer of billions", lambda t: put(t, "layers[0].output_shape", [2**31 - 1]), "[..., 2147")
model("a layer twice", lambda t: t.layers.append(t.layers[0]), "layers[3]")
model("calls that are not counted", lambda t: setattr(t.layers[1], "call", 7), "", (0,))
model("an array of no layer", lambda t: setattr(t.tensors[0], "key", "else.kernel"), "else.kernel")
model("an array left out", lambda t: t.tensors.pop(), "", (4, 6))
model("a layer left out", lambda t: t.layers.pop(1), "", (4, 6))
model("a path of colours", lambda t: setattr(t.layers[0], "path", COLOUR), "", (0,))
model("a path of lines", lambda t: setattr(t.layers[0], "path", "a\nb"), "", (0,))
model("a key of colours", lambda t: setattr(t.tensors[0], "key", COLOUR), "initial/2.0")
model("a path of a megabyte", lambda t: setattr(t.layers[0], "path", "x" * 10**6), "", (0,))
model("a kind that nobody knows", lambda t: setattr(t.layers[0], "kind", "magic"), "", (0, 4, 6))
model("settings of megabytes", lambda t: t.layers[0].settings.update(a="x" * 10**6), "", (0,))
model("a note of colours", lambda t: t.notes.append(COLOUR), "", (0,))
model("variants of its own", lambda t: t.tensors[0].variants.append("@upside_down"), "", (4,))
model("a case that nobody asked", lambda t: setattr(t.case, "program", "import os"), "", (0,))


# --------------------------------------------------------------- the order of events
def _turned(report: Report) -> Report:
    first = report.places("model_traced")[0]
    events = report.events
    events[first], events[first + 1] = events[first + 1], events[first]
    return report.numbered()


def _twice(report: Report) -> Report:
    place = report.places("model_traced")[0]
    report.events.insert(place, copy.deepcopy(report.events[place]))
    return report.numbered()


def _without(kind: str) -> Callable[[Report], Report]:
    def change(report: Report) -> Report:
        del report.events[report.places(kind)[0]]
        return report.numbered()

    return change


told("trace: arrays before the model", _turned, "logits_saved", command="pair")
told("trace: the model twice", _twice, "model_traced", command="pair")
told("trace: no model told", _without("model_traced"), "", command="pair")
told("trace: no arrays told", _without("logits_saved"), "", command="pair")


# --------------------------------------------------------------- its arrays
def arrays(name: str, change: Callable[[dict[str, Any]], Any], says: str = "", codes=(4,)) -> None:
    def changed(report: Report) -> None:
        found = safetensors.numpy.load(report.files["logits"])
        change(found)
        content = report.files["logits"] = safetensors.numpy.save(found)
        said = report.of("logits_saved")[0]
        said.sha256, said.size_bytes = hashlib.sha256(content).hexdigest(), len(content)

    told(f"traced arrays: {name}", changed, says, command="pair", codes=codes)


def made(name: str, of: Callable[[Any], Any]) -> Callable[[dict[str, Any]], None]:
    def change(found: dict[str, Any]) -> None:
        found[name] = np.ascontiguousarray(of(found[name]))

    return change


for each in ("logits", "loss", "initial/first.kernel", "gradient/out.bias", "updated/first.bias"):
    arrays(f"no {each}", lambda found, each=each: found.pop(each), each)
    arrays(f"{each} of another shape", made(each, lambda a: np.zeros((3, 2, 7))), each)
    arrays(f"{each} in float16", made(each, lambda a: a.astype(np.float16)), f"{each}: type")
    arrays(f"{each} of flags", made(each, lambda a: a > 0), f"{each}: type")
for each in ("output/0", "slope/1", "output/2"):
    arrays(f"{each} of another shape", made(each, lambda a: np.zeros((6, 2, 3, 5))), each)
    arrays(f"{each} of no axes", made(each, lambda a: np.zeros(())), each)
    arrays(f"{each} of other samples", made(each, lambda a: a[:2]), "", (0, 6))
    arrays(f"{each} of 20 axes", made(each, lambda a: np.zeros((1,) * 20)), each)
    arrays(f"{each} of flags", made(each, lambda a: a > 0), "", (0, 6))
arrays("no outputs", lambda found: [found.pop(f"output/{n}") for n in range(3)], "", (0, 4))
arrays(
    "an output of no layer", lambda found: found.update({"output/3": found["output/2"]}), "output/3"
)
arrays("one more", lambda found: found.update(surplus=np.zeros(3)), "surplus")
arrays("no input", lambda found: found.pop("input"), "input")
arrays("labels of another batch", made("labels", lambda a: a[:2]), "labels")
arrays("input of another batch", made("input", lambda a: a[:2]), "input")
for value in (NAN, INF):
    for each in ("logits", "output/1", "updated/out.kernel", "gradient/first.kernel", "loss"):
        arrays(f"{each} of {value}", made(each, lambda a, v=value: a + v), "", (6,))
    arrays(
        f"initial values of {value}",
        made("initial/first.kernel", lambda a, v=value: a + v),
        "",
        (4, 6),
    )
for each in ("logits", "output/0", "initial/out.kernel", "updated/out.bias", "gradient/out.bias"):
    arrays(f"{each} of 1e308", made(each, lambda a: a * 0 + 1e308), "", (0, 6))
