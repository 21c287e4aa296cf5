"""What a framework traces and compiles."""


def count_traces(name: str, monkeypatch) -> list[None]:
    """Return a list that grows by one each time that the framework creates a graph."""
    traces: list[None] = []
    if name == "pytorch":
        from torch._dynamo import convert_frame  # noqa: PLC0415 - one framework is there

        module, function = convert_frame, "compile_frame"
    else:
        from tensorflow.python.eager.polymorphic_function import (  # noqa: PLC0415
            tracing_compilation,
        )

        module, function = tracing_compilation, "_create_concrete_function"
    original = getattr(module, function)

    def counted(*args, **kwargs):
        traces.append(None)
        return original(*args, **kwargs)

    monkeypatch.setattr(module, function, counted)
    return traces
