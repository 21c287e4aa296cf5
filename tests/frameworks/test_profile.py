"""What a framework's profiler says of a GPU, read from what it writes; no GPU is needed."""

from types import SimpleNamespace

import pytest

from tests.frameworks import jobs


def test_on_a_cpu_nothing_is_said_of_a_gpu(framework):
    job = jobs.spec()
    trainer = framework.Trainer(job, jobs.data(), jobs.weights(job))
    found = trainer.profiled(lambda: len(next(trainer.train_epoch(0)).losses))
    assert (found.kernels, found.busy_seconds, found.wall_seconds) == (0, 0.0, 0.0)
    assert found.steps > 0
    assert found.operations
    assert sum(each.self_seconds for each in found.operations) <= found.total_seconds * 1.001


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
    from tensorflow.tsl.profiler.protobuf import xplane_pb2

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
