"""Where a side's memory went: the parts add up, and what is not known is not made up."""

from dataclasses import replace

from twinrun.contract.events import AcceleratorUsed, ResourcesUsed
from twinrun.contract.memory import MemoryUsed

from orchestrator.results.memory import lines
from tests.builders.events import trial

USED = MemoryUsed(
    started_bytes=600,
    built_bytes=900,
    train_peak_bytes=1000,
    evaluate_peak_bytes=950,
    children_bytes=50,
    data_bytes=250,
    parameter_bytes=10,
    optimizer_bytes=20,
)


def of(*used: MemoryUsed | None, device: int = 0, gpu: AcceleratorUsed | None = None):
    trials = [
        replace(trial(number=number), resources=ResourcesUsed(2000, device, gpu, memory=each))
        for number, each in enumerate(used, 1)
    ]
    return {str(line.title).strip(): line.size_bytes for line in lines(trials)}


def parts(found):
    names = list(found)
    first, last = names.index("Peak in training"), names.index("Peak in evaluation")
    return {name: found[name] for name in names[first + 1 : last]}


def test_the_parts_add_up_to_the_peak_with_its_children() -> None:
    found = of(USED)
    assert found["Peak in training"] == 1050
    assert sum(parts(found).values()) == 1050
    assert parts(found)["child processes"] == 50
    assert parts(found)["what the build loaded besides: libraries, copies"] == 40
    assert list(parts(found).values())[-1] == 80


def test_medians_of_several_trials_add_up_too() -> None:
    wider = replace(USED, train_peak_bytes=3000, started_bytes=610, children_bytes=0)
    found = of(USED, wider, replace(USED, train_peak_bytes=1400))
    assert sum(parts(found).values()) == found["Peak in training"] == 1450


def test_data_that_were_not_all_read_have_no_size_and_are_in_the_rest() -> None:
    found = of(replace(USED, data_bytes=5000))
    assert found["data"] is None
    assert list(parts(found).values())[-1] == 1050 - 600 - 10 - 20 - 50


def test_what_the_build_loaded_is_not_known_where_less_was_resident_after_it() -> None:
    found = of(replace(USED, built_bytes=700), replace(USED, built_bytes=None))
    assert found["what the build loaded besides: libraries, copies"] is None
    assert sum(filter(None, parts(found).values())) == found["Peak in training"]
    shrunk = of(replace(USED, built_bytes=5000))  # and was not resident any more in training
    assert shrunk["what the build loaded besides: libraries, copies"] is None
    assert shrunk["data"] == 250


def test_a_peak_that_is_not_known_has_no_parts() -> None:
    found = of(replace(USED, train_peak_bytes=None))
    assert found["Peak in training"] is None
    assert set(parts(found).values()) == {None}
    assert found["Resident after the build"] == 900


def test_an_older_run_has_nothing() -> None:
    assert set(of(None).values()) == {None}


def test_both_accounts_of_a_gpu_stand_beside_each_other() -> None:
    gpu = AcceleratorUsed("GPU-a", 3, peak_memory_bytes=7000)
    found = of(USED, device=4000, gpu=gpu)
    assert list(found.values())[-2:] == [4000, 7000]
