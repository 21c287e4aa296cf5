from services.machine import before_jax

FRACTION, OLDER = "XLA_CLIENT_MEM_FRACTION", "XLA_PYTHON_CLIENT_MEM_FRACTION"


def set_by(monkeypatch, **users):
    for name in (*before_jax.variables(), FRACTION, OLDER):
        monkeypatch.delenv(name, raising=False)
    for name, value in users.items():
        monkeypatch.setenv(name, value)
    return before_jax.variables()


def test_memory_of_a_gpu_is_taken_as_it_is_needed_and_as_much_as_there_is(monkeypatch):
    found = set_by(monkeypatch)
    assert found["XLA_PYTHON_CLIENT_PREALLOCATE"] == "false"
    assert float(found[FRACTION]) >= 0.95


def test_what_the_user_has_set_stays(monkeypatch):
    found = set_by(monkeypatch, CUDA_DEVICE_ORDER="FASTEST_FIRST", **{FRACTION: "0.2"})
    assert not found.keys() & {"CUDA_DEVICE_ORDER", FRACTION}


def test_a_share_of_memory_by_its_older_name_is_not_set_a_second_time(monkeypatch):
    assert FRACTION not in set_by(monkeypatch, **{OLDER: "0.2"})
