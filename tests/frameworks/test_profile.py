"""What a framework's profiler says of a GPU, read from what it writes; no GPU is needed."""

import importlib
from types import SimpleNamespace

import pytest
from twinrun.contract.enums import Precision

from tests.each import of
from tests.frameworks import jobs


def test_on_a_cpu_nothing_is_said_of_a_gpu(framework, name):
    job = jobs.spec()
    trainer = framework.Trainer(job, jobs.data(), jobs.weights(job))
    found = trainer.profiled(lambda: len(next(trainer.train_epoch(0)).losses))
    assert (found.kernels, found.busy_seconds, found.wall_seconds) == (0, 0.0, 0.0)
    assert found.steps > 0
    assert found.operations
    assert sum(each.self_seconds for each in found.operations) <= found.total_seconds * 1.001
    if of(name).ALWAYS_COMPILED:  # a chunk is a program, without a start for each operation
        return
    # A step has at least a product for each layer, its gradients, a loss and an update.
    assert found.calls >= 5 * found.steps


def test_what_only_calls_others_is_not_counted(name):
    if name == "pytorch":
        from services.pytorch.profile import calls  # noqa: PLC0415

        leaf, linear = SimpleNamespace(cpu_children=[]), SimpleNamespace(cpu_children=[1])
        assert calls([linear, leaf, leaf]) == 2
    elif of(name).ALWAYS_COMPILED:
        pytest.skip("within the program of a chunk no operation is started by itself")
    else:
        from services.tensorflow.profile import calls  # noqa: PLC0415

        # A function of two, the second of which has one inside, and one behind it.
        spans = [(0, 100, "Call"), (10, 5, "A"), (20, 50, "B"), (30, 10, "C"), (100, 5, "D")]
        assert calls(spans[::-1]) == 3
        assert calls([]) == 0


def test_a_start_is_of_a_product_of_one_by_one(framework, name, monkeypatch):
    if of(name).ALWAYS_COMPILED:
        pytest.skip("the rate of starts is not measured: a chunk of steps is one program")
    module = importlib.import_module(f"services.{name}.measure")
    amounts = []

    def once(run, synchronize, amount, device):
        run()
        amounts.append(amount)
        return float(amount)

    monkeypatch.setattr(module, "best_rate", once)
    monkeypatch.setattr(module, "SIDE", dict.fromkeys(module.SIDE, 4))
    monkeypatch.setattr(module, "ELEMENTS", dict.fromkeys(module.ELEMENTS, 16))
    found = module.measure(jobs.spec(precision=Precision.FLOAT32))
    assert found.calls_per_second == amounts[-1] == 1000
    assert (found.operations_per_second, found.bytes_per_second) == (2 * 4**3, 3 * 16 * 4)


def test_pytorchs_kernels_are_those_of_the_gpu_not_what_launched_them(name):
    if name != "pytorch":
        pytest.skip("PyTorch's")
    from torch.autograd import DeviceType  # noqa: PLC0415

    from services.pytorch.profile import _on_gpu  # noqa: PLC0415

    def event(named, start, end, device=DeviceType.CUDA, *, note=False):
        times = SimpleNamespace(start=start, end=end)
        return SimpleNamespace(
            name=named, device_type=device, is_user_annotation=note, time_range=times
        )

    events = [
        event("gemm", 1.5, 3.25),
        event("aten::mm", 0.0, 9.0, DeviceType.CPU),
        event("Optimizer.step#Adam.step", 0.0, 10.0, note=True),
        event("Memset (Device)", 4.0, 5.0),
    ]
    found = list(_on_gpu(SimpleNamespace(events=lambda: events)))
    assert found == [("gemm", 1500, 3250), ("Memset (Device)", 4000, 5000)]


def test_tensorflows_kernels_are_those_of_each_stream_of_the_gpu(name, tmp_path):
    if name != "tensorflow":
        pytest.skip("TensorFlow's")
    from tensorflow.tsl.profiler.protobuf import xplane_pb2  # noqa: PLC0415

    from services.tensorflow.profile import _lines  # noqa: PLC0415

    space = xplane_pb2.XSpace()
    for plane_name, lines in {
        "/device:GPU:0": ["Stream #13(Compute)", "Stream #14(MemcpyH2D)", "XLA Ops"],
        "/host:CPU": ["tf_Compute"],
    }.items():
        plane = space.planes.add(name=plane_name)
        plane.event_metadata[1].name = "gemm"
        for line in lines:
            added = plane.lines.add(name=line, timestamp_ns=1_000)
            added.events.add(metadata_id=1, offset_ps=500, duration_ps=2_000)
    path = tmp_path / "a.xplane.pb"
    path.write_bytes(space.SerializeToString())
    assert list(_lines(path, on_gpu=True)) == [[(1_000_500, 2_000, "gemm")]] * 2
