"""What runs in threads of its own: results, errors and streams, as whoever waits gets them."""

import _thread
import gc
import threading

import grpc
import pytest

from orchestrator.language.phrases import say, speaking
from orchestrator.language.words import OF
from orchestrator.runners.apart import _AHEAD, AtOnce, Channel, Failed, apart
from tests.waiting import HANG_SECONDS, eventually


class Call(grpc.RpcError):
    """A call of gRPC as its iterator, which raises itself; it ends when it is cancelled."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.cancelled = threading.Event()

    def __iter__(self):
        return self

    def __next__(self):
        if self.answers:
            return self.answers.pop(0)
        assert self.cancelled.wait(HANG_SECONDS)
        raise self

    def cancel(self):
        self.cancelled.set()

    def code(self):
        return grpc.StatusCode.CANCELLED

    def details(self):
        return "it was cancelled"

    def trailing_metadata(self):
        return (("key", b"value"),)


class Fake:
    """A channel; its methods call what it was made with."""

    def __init__(self, method):
        self._method = method

    def unary_unary(self, _path):
        return self._method

    unary_stream = unary_unary


def test_what_runs_apart_returns_raises_and_speaks_as_if_it_ran_here():
    assert apart(threading.get_ident) != threading.get_ident()
    with pytest.raises(ZeroDivisionError):
        apart(lambda: 1 / 0)
    with speaking("zh_TW"):
        assert apart(lambda: say(OF, name="a", what="b")) == say(OF, name="a", what="b")


def test_a_call_that_fails_is_told_by_a_copy_of_what_it_says():
    def fails(_request):
        raise Call

    with pytest.raises(Failed) as told:
        Channel(Fake(fails)).unary_unary("path")("request")
    assert told.value.code() is grpc.StatusCode.CANCELLED
    assert told.value.details() == "it was cancelled"
    assert told.value.trailing_metadata() == (("key", b"value"),)


def test_a_stream_gives_answers_then_none_now_and_then_and_ends_its_call_when_it_is_left():
    call = Call("first", "second")
    answers = Channel(Fake(lambda _: call)).unary_stream("path")("request")
    assert [next(answers) for _ in range(3)] == ["first", "second", None]
    assert not call.cancelled.is_set()
    answers.close()
    assert call.cancelled.wait(HANG_SECONDS)


def test_a_stream_that_is_left_before_its_call_has_begun_ends_it_then():
    call, begins = Call("first"), threading.Event()

    def begin(_request):
        assert begins.wait(HANG_SECONDS)
        return call

    answers = Channel(Fake(begin)).unary_stream("path")("request")
    assert next(answers) is None
    answers.close()
    begins.set()
    assert call.cancelled.wait(HANG_SECONDS)


def test_a_stream_is_not_read_far_ahead_of_who_takes_its_answers():
    read = []

    class Endless(Call):
        def __next__(self):
            if self.cancelled.is_set():
                raise self
            read.append(None)
            return len(read)

    call = Endless()
    answers = Channel(Fake(lambda _: call)).unary_stream("path")("request")
    assert [next(answers) for _ in range(1000)] == list(range(1, 1001))
    assert eventually(lambda: len(read) == 1000 + _AHEAD + 1)
    answers.close()
    assert call.cancelled.wait(HANG_SECONDS)
    assert len(read) <= 1000 + _AHEAD + 2


def test_a_stream_ends_as_its_call_ends():
    stream = Channel(Fake(iter)).unary_stream("path")
    assert [answer for answer in stream("ab") if answer] == ["a", "b"]
    call = Call("first")
    answers = Channel(Fake(lambda _: call)).unary_stream("path")("request")
    assert next(answers) == "first"
    call.cancel()
    with pytest.raises(Failed):
        list(answers)


@pytest.mark.parametrize("kind", ["unary_unary", "unary_stream"])
def test_a_call_that_failed_is_freed_where_it_ran_without_waiting_for_the_collector(kind):
    freed_in = []

    class Counted(Call):
        def __del__(self):
            freed_in.append(threading.get_ident())

    def fails(_request):
        call = Counted()
        call.cancel()
        return call if kind == "unary_stream" else next(call)

    gc.disable()
    try:
        with pytest.raises(Failed):
            list(getattr(Channel(Fake(fails)), kind)("path")("request"))
        assert len(freed_in) == 1
        assert freed_in != [threading.get_ident()]
    finally:
        gc.enable()


def test_of_what_runs_at_once_results_keep_their_order_and_errors_are_raised_as_they_come():
    goes_on = threading.Event()
    both = AtOnce()
    both.begin("first", lambda: goes_on.wait(HANG_SECONDS))
    both.begin("second", lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        both.wait()
    assert both.running == ["first"]
    goes_on.set()
    both.wait()
    assert eventually(lambda: not both.running)
    assert both.results == {"first": True, "second": None}
    assert list(both.results) == ["first", "second"]


def test_ctrl_c_that_comes_just_before_the_wait_ends_it():
    """It wakes nobody who already waits for the lock, which is what `interrupt_main` does."""
    goes_on = threading.Event()
    both = AtOnce()

    def interrupts():
        _thread.interrupt_main()
        goes_on.wait(HANG_SECONDS)

    def waits():
        both.begin("held", interrupts)
        both.wait()

    try:
        with pytest.raises(KeyboardInterrupt):
            waits()
    finally:
        goes_on.set()
