"""Files from real servers, with everything going wrong."""

import gzip
import hashlib
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from http.client import HTTPResponse
from itertools import pairwise
from pathlib import Path

import pytest
from twinrun.contract.events import DownloadProgress

from services.data import download
from services.data.datasets import load
from services.data.download import Mirror
from services.data.source import Source
from services.errors import DataUnavailable
from tests.builders.mirrors import (
    BIG,
    CONTENTS,
    FILES,
    MNIST,
    NAMES,
    NOBODY,
    PACKED,
    Serve,
    Unwanted,
    begun,
    fault,
    fetch,
    source_of,
)
from tests.waiting import Clock

# -------------------------------------------------------------------------------------- mirrors


def test_files_come_from_the_mirror_once_and_from_the_folder_ever_after(
    serve: Serve, tmp_path: Path
) -> None:
    mirror = serve()
    fetch(source_of(mirror.url), tmp_path)
    assert sorted(mirror.requests) == sorted((name, None) for name in PACKED)
    assert fetch(source_of(mirror.url), tmp_path) == []
    assert len(mirror.requests) == 4


@pytest.mark.parametrize("status", [404, 403, 500, 503])
def test_a_mirror_that_refuses_is_followed_by_the_next(
    serve: Serve, tmp_path: Path, status: int
) -> None:
    first, second = serve(status=status), serve()
    fetch(source_of(first.url, second.url), tmp_path)
    assert len(first.requests) == 1
    assert len(second.requests) == 4


def test_a_mirror_that_cannot_be_reached_is_followed_by_the_next(
    serve: Serve, tmp_path: Path
) -> None:
    fetch(source_of(NOBODY, serve().url), tmp_path)


def test_a_mirror_that_lacks_a_file_gives_the_others(serve: Serve, tmp_path: Path) -> None:
    first, second = serve(files={BIG: PACKED[BIG]}), serve()
    fetch(source_of(first.url, second.url), tmp_path)
    assert not second.asked_for(BIG)


def test_where_nothing_is_missing_no_further_origin_is_asked(serve: Serve, tmp_path: Path) -> None:
    fetch(source_of(serve().url, Unwanted()), tmp_path / "mirror")
    for name, content in PACKED.items():
        begun(tmp_path / "laid", content, name)
    fetch(source_of(Unwanted()), tmp_path / "laid")


def test_a_mirror_that_stalls_is_given_up_and_the_next_goes_on(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = serve(stalls_after=0), serve()
    urlopen = urllib.request.urlopen

    def asked(request: urllib.request.Request, timeout: float) -> HTTPResponse:
        of_first = request.full_url.startswith(first.url)
        return urlopen(request, timeout=0.3 if of_first else timeout)

    monkeypatch.setattr(download.urllib.request, "urlopen", asked)
    begun(tmp_path, PACKED[BIG][:1_000])
    fetch(source_of(first.url, second.url), tmp_path)
    assert second.asked_for(BIG) == ["bytes=1000-"]


def test_where_all_origins_fail_each_is_named_with_its_fault_and_the_remedy(
    serve: Serve, tmp_path: Path
) -> None:
    first, second = serve(status=404), NOBODY
    message = fault(source_of(first.url, second), tmp_path)
    assert f"{Mirror(first.url).name}: answered 404" in message
    assert "127.0.0.1:1: " in message
    assert "refused" in message
    assert all(name in message for name in NAMES)
    assert f"into {tmp_path / 'mnist'}" in message
    assert [path.name for path in (tmp_path / "mnist").iterdir()] == [".lock"]


# --------------------------------------------------------------------------------------- resume


def test_a_download_that_breaks_off_goes_on_where_it_ended(serve: Serve, tmp_path: Path) -> None:
    mirror = serve(breaks_after=100_000)
    fetch(source_of(mirror.url), tmp_path)
    assert mirror.asked_for(BIG) == [None, "bytes=100000-"]


def test_what_has_arrived_stays_for_the_next_attempt(serve: Serve, tmp_path: Path) -> None:
    broken = serve(breaks_after=100_000)

    def die(_event: DownloadProgress) -> None:
        broken.status = 503

    with pytest.raises(DataUnavailable):
        load(MNIST, tmp_path, die, {"mnist": source_of(broken.url)})
    part = tmp_path / "mnist" / f"{BIG}.part"
    assert part.read_bytes() == PACKED[BIG][:100_000]
    mirror = serve()
    fetch(source_of(mirror.url), tmp_path)
    assert mirror.asked_for(BIG) == ["bytes=100000-"]


def test_a_server_that_ignores_ranges_starts_again(serve: Serve, tmp_path: Path) -> None:
    mirror = serve(honours_ranges=False)
    begun(tmp_path, PACKED[BIG][:1_000])
    fetch(source_of(mirror.url), tmp_path)
    assert mirror.asked_for(BIG) == ["bytes=1000-"]


@pytest.mark.parametrize(
    "beginning",
    [
        b"something else",
        bytes(len(PACKED[BIG])),  # as long as the file
        bytes(len(PACKED[BIG]) + 1),
        PACKED[BIG] + b"more",
    ],
    ids=["other", "as-long", "longer", "more"],
)
def test_a_partial_download_that_proves_wrong_is_fetched_whole(
    serve: Serve, tmp_path: Path, beginning: bytes
) -> None:
    mirror = serve()
    begun(tmp_path, beginning)
    fetch(source_of(mirror.url), tmp_path)
    assert mirror.asked_for(BIG) == [f"bytes={len(beginning)}-", None]


def test_a_download_that_was_complete_already_is_not_repeated(serve: Serve, tmp_path: Path) -> None:
    mirror = serve()
    begun(tmp_path, PACKED[BIG])
    fetch(source_of(mirror.url), tmp_path)
    assert not mirror.asked_for(BIG)


# -------------------------------------------------------------------------------- wrong content


def test_a_mirrors_wrong_file_is_left_packed_and_the_next_mirror_is_asked(
    serve: Serve, tmp_path: Path
) -> None:
    wrong = gzip.compress(bytes(len(CONTENTS[NAMES[0]])))
    first, second = serve(files={**PACKED, BIG: wrong}), serve()
    fetch(source_of(first.url, second.url), tmp_path)
    assert first.asked_for(BIG) == second.asked_for(BIG) == [None]


def test_a_truncated_answer_of_unnamed_length_is_not_taken(serve: Serve, tmp_path: Path) -> None:
    first, second = serve(breaks_after=100_000, names_length=False), serve()
    fetch(source_of(first.url, second.url), tmp_path)


def test_an_answer_without_end_does_not_fill_the_disk(serve: Serve, tmp_path: Path) -> None:
    endless = serve(files={BIG: bytes(50_000_000)})
    sizes: list[int] = []
    part = tmp_path / "mnist" / f"{BIG}.part"
    with pytest.raises(DataUnavailable, match="is not the dataset's"):
        load(
            MNIST,
            tmp_path,
            lambda _: sizes.append(part.stat().st_size),
            {"mnist": source_of(endless.url)},
        )
    assert max(sizes, default=0) < len(PACKED[BIG]) + 200_000
    assert not part.exists()


def test_a_gzip_bomb_is_cut_off(serve: Serve, tmp_path: Path) -> None:
    bomb = gzip.compress(bytes(100_000_000))
    file = replace(
        FILES[0], packed_size=len(bomb), packed_sha256=(hashlib.sha256(bomb).hexdigest(),)
    )
    path = begun(tmp_path, bomb)
    assert len(download.unpack(path, file)) == file.size + 1
    source = Source(file, *FILES[1:], origins=(Mirror(serve(files={BIG: bomb}).url),))
    assert f"it must be {file.sha256}" in fault(source, tmp_path)
    assert not (tmp_path / "mnist" / file.name).exists()


# ------------------------------------------------------------------------------------- progress


def test_progress_is_told_a_few_times_a_second_and_at_the_end(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mirror = serve()
    events: list[DownloadProgress] = []
    times: list[float] = []
    clock, chunks = Clock(), download._chunks

    def slowly(response: HTTPResponse) -> Iterator[bytes]:
        for chunk in chunks(response):
            clock.move(0.06)
            yield chunk

    def note(event: DownloadProgress) -> None:
        events.append(event)
        times.append(clock.monotonic())

    monkeypatch.setattr(download, "time", clock)
    monkeypatch.setattr(download, "_chunks", slowly)
    monkeypatch.setattr(download, "_CHUNK_BYTES", len(PACKED[BIG]) // 20)

    load(MNIST, tmp_path, note, {"mnist": source_of(mirror.url)})
    big = [event for event in events if event.file == BIG]
    assert len(big) >= 5  # of 1.2 seconds at least
    assert all(0.2 < later - sooner < 0.35 for sooner, later in pairwise(times[: len(big) - 1]))
    assert [event.received_bytes for event in big] == sorted(event.received_bytes for event in big)
    assert {event.total_bytes for event in big} == {len(PACKED[BIG])}
    assert {event.source for event in big} == {Mirror(mirror.url).name}
    last = {event.file: event for event in events}
    assert {name: event.received_bytes for name, event in last.items()} == {
        name: len(content) for name, content in PACKED.items()
    }


def test_a_total_that_the_server_does_not_name_is_zero(serve: Serve, tmp_path: Path) -> None:
    events = fetch(source_of(serve(names_length=False).url), tmp_path)
    assert {event.total_bytes for event in events} == {0}
