"""What a framework traces and compiles."""


def count_traces(name: str, monkeypatch) -> list[None]:
    """Return a list that grows by one each time that the framework creates a graph."""
    traces: list[None] = []
    if name == "jax":
        from jax import monitoring  # noqa: PLC0415 - one framework is there

        def heard(event: str, *_: object, **__: object) -> None:
            if event == "/jax/core/compile/backend_compile_duration":
                traces.append(None)

        monitoring.register_event_duration_secs_listener(heard)
        return traces
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
