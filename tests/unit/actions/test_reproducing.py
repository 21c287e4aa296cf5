"""Cases: what is written, that it is run first, and that what does not show it is not offered."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from twinrun.contract.traced import ModelTraced, TracedCase, TracedLayer

from orchestrator.actions import reproducing
from orchestrator.actions.reproducing import Reproduction
from orchestrator.errors import BadInput
from orchestrator.pairing.locate import Located, Place
from orchestrator.pairing.pair import pair
from orchestrator.pairing.result import PairedLayer, Sure
from orchestrator.runners.coded import Trace
from services.trial.case import program as written
from tests.builders.traced import SIDES, Sketch

X = np.arange(6.0).reshape(2, 3)
FOUND = Located(Place.OUTPUT, 0.5, 1e-9, PairedLayer(0, 0, Sure.KIND))


def program(name, does):
    return (
        f'import numpy as np\narrays = np.load("case.npz")\nmade = arrays["{name}.given0"] {does}\n'
    )


def side(name, does="* 1.0", output=None, given=X, **case):
    made = eval(f"given {does}", {"given": given})
    whole = written(name, program(name, does))
    traced = TracedCase(**{"program": whole.program, "end": whole.end, **case})
    layer = TracedLayer("a", "A", "dense", 0, {}, given.shape[1:], made.shape[1:])
    model = ModelTraced((layer,), (), case=traced)
    arrays = {"case/given0": given, "input/case0": given}
    return Trace(name, model, {**arrays, "output/0": made if output is None else output})


@pytest.fixture
def kept(tmp_path):
    place = Reproduction(tmp_path / "case", lambda _: Path(sys.executable))
    place.require_room()

    def kept(*sides):
        return str(place.kept(FOUND, sides)), sorted(each.name for each in place.folder.glob("*"))

    return kept


def test_programs_that_show_the_difference_are_kept_and_run_anywhere(kept, tmp_path):
    said, files = kept(side("pytorch"), side("tensorflow", "* 1.25"))
    assert "both programs were run" in said.lower()
    assert "differ by 2.5e-01 of the largest value" in said
    assert files == ["case.npz", "pytorch_case.py", "tensorflow_case.py"]
    done = subprocess.run(
        [sys.executable, "-I", "pytorch_case.py"],
        cwd=tmp_path / "case",
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines() == ["this model: 0.000e+00", "the other: 2.000e-01"]
    assert "twinrun" not in (tmp_path / "case/pytorch_case.py").read_text().lower()


def test_other_shapes_are_told_as_such(kept):
    said, files = kept(side("pytorch"), side("tensorflow", "[:, :2] * 1.0"))
    assert said.endswith("have other shapes.")
    assert len(files) == 3


@pytest.mark.parametrize("number", [0, 1])
def test_a_program_that_does_not_do_what_the_model_did_is_not_offered(kept, number):
    sides = [side("pytorch"), side("tensorflow", "* 1.25")]
    sides[number] = side(SIDES[number], "* 2.0", output=X * 3.0)
    said, files = kept(*sides)
    name = ("PyTorch", "TensorFlow")[number]
    assert f"because {name}'s program returns something else" in said
    assert not files


def test_programs_that_agree_show_nothing(kept):
    said, files = kept(side("pytorch"), side("tensorflow"))
    assert "No minimal case" in said
    assert not files


@pytest.mark.parametrize("text", ["raise ValueError('no such layer')\n", "print('nan of it')\n"])
def test_a_program_that_fails_is_not_offered(kept, text):
    said, files = kept(side("pytorch", program=text, end=""), side("tensorflow", "* 1.25"))
    assert "PyTorch's program fails by itself" in said
    assert ("no such layer" in said) == ("no such" in text)
    assert not files


def test_layers_that_are_given_other_values_are_no_case(kept):
    said, files = kept(side("pytorch"), side("tensorflow", given=X + 1))
    assert "are given differs already, by 1.7e-01" in said
    assert not files


def test_layers_that_are_given_another_number_of_arrays_are_no_case(kept):
    other = side("tensorflow")
    more = replace(other, arrays={**other.arrays, "input/case1": X})
    assert "given other numbers or shapes of arrays" in kept(side("pytorch"), more)[0]
    shaped = side("tensorflow", given=np.ones((2, 5)))
    assert "given other numbers or shapes of arrays" in kept(side("pytorch"), shaped)[0]


def test_what_a_framework_cannot_write_is_told_with_its_reason(kept):
    no = side("tensorflow", program="", reason="it is the user's own")
    said, _ = kept(side("pytorch"), no)
    assert "`a` of TensorFlow cannot be a program: it is the user's own." in said


def test_without_an_interpreter_here_nothing_is_run(tmp_path):
    place = Reproduction(tmp_path, lambda _: None)
    said = str(place.kept(FOUND, [side("pytorch"), side("tensorflow", "* 1.25")]))
    assert "give --local" in said


def test_of_a_sequence_the_end_is_compared(kept, tmp_path):
    steps = np.random.default_rng(1).normal(size=(2, 4, 6))
    one = side("pytorch", given=steps)
    end = side("tensorflow", "[:, -1] * 1.5", given=steps)
    assert len(kept(one, end)[1]) == 3
    assert "made[:, -1]" in (tmp_path / "case/pytorch_case.py").read_text()


def test_of_both_directions_the_ends_are_compared(kept, tmp_path):
    steps = np.random.default_rng(1).normal(size=(2, 4, 6))
    ends = np.concatenate([steps[:, -1, :3], steps[:, 0, 3:]], axis=1)
    other = side("tensorflow", "[:, -1] * 1.0", given=steps, output=ends)
    said, _ = kept(side("pytorch", given=steps), other)
    assert "TensorFlow's program returns something else" in said


@pytest.mark.parametrize(
    ("located", "reason"),
    [
        (None, "the models are not paired"),
        (Located(Place.NOWHERE, 0, 1e-9), "nothing differs on one batch"),
        (Located(Place.OUTPUT, 1, 1e-9), "not the output of a layer"),
        (Located(Place.UPDATE, 1, 1e-9), "not the output of a layer"),
        (FOUND, None),
    ],
)
def test_only_a_layers_output_can_be_a_case(located, reason):
    said = reproducing.without_case(located)
    assert (said is None) if reason is None else (reason in str(said))


def test_asking_for_room_leaves_no_folder(tmp_path):
    (tmp_path / "empty").mkdir()
    for name in ("new", "new/inner", "empty", "empty/inner"):
        Reproduction(tmp_path / name, lambda _: None).require_room()
    with pytest.raises(BadInput, match="cannot be written to"):
        Reproduction(tmp_path / "made" / ("long" * 100), lambda _: None).require_room()
    assert [*tmp_path.rglob("*")] == [tmp_path / "empty"]


def test_a_folder_with_files_and_one_that_cannot_be_made_are_refused(tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full/file").touch()
    with pytest.raises(BadInput, match="it has files"):
        Reproduction(tmp_path / "full", lambda _: None).require_room()
    with pytest.raises(BadInput, match="cannot be written to"):
        Reproduction(tmp_path / "full/file/inner", lambda _: None).require_room()
    with pytest.raises(BadInput, match="cannot be written to"):
        Reproduction(tmp_path / "full/file", lambda _: None).require_room()


def test_what_is_one_call_on_the_other_side_is_called_together():
    first = Sketch().dense("a", 4, 3).plain("r", "relu").dense("b", 3, 2).done()
    second = Sketch().dense("a", 4, 3, activation="relu").dense("b", 3, 2).done()
    pairing = pair(first, second, SIDES, {})
    (layer,) = [p for p in pairing.layers if (p.first, p.second) == (1, 0)]
    assert reproducing.calls(pairing, Located(Place.OUTPUT, 1, 1e-9, layer)) == ([0, 1], [0])
    padded = Located(Place.OUTPUT, 1, 1e-9, pairing.layers[-1], alone=((1,), ()))
    assert reproducing.calls(pairing, padded) == ([1, 2], [1])
