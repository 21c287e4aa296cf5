"""The live page in a real browser, with real runners: what a class would see."""

import re
import subprocess

import pytest

from orchestrator.language.palette import looks
from orchestrator.language.phrases import Phrase, english
from orchestrator.storage.running import making
from orchestrator.trials.mappings.stored import as_json
from tests.builders.live import environment, live, orchestrator
from tests.builders.runners import runners
from tests.builders.stored import create
from tests.integration.fakes.markup import MESSAGE
from tests.integration.several import MORE
from tests.waiting import HANG_SECONDS, eventually

NO_TENSORFLOW = "--tensorflow=127.0.0.1:1"


@pytest.fixture
def start(tmp_path):
    with runners(tmp_path) as starting:
        yield starting


def lane(page, framework="pytorch"):
    return page.locator(f".lane[data-framework={framework}]")


def curve_width(page) -> float:
    """Of the loss by step, pixels."""
    line = page.locator("#loss path.line")
    return line.evaluate("path => path.getBBox().width") if line.count() else 0.0


def percent(page) -> int:
    found = re.match(r"(\d+) %", lane(page).locator(".percent").text_content() or "")
    return int(found[1]) if found else 0


def clean(seen) -> bool:
    """Nothing on the console, and nothing asked of another host."""
    return not seen.console_errors and not seen.external_requests


def test_a_job_grows_before_the_eyes_to_its_final_numbers(visit, start, tmp_path):
    runner = start("gated")
    seen = visit()
    page = seen.page
    with live(tmp_path, f"--pytorch={runner.address}", NO_TENSORFLOW) as server:
        page.goto(server.url)
        page.get_by_role("heading", name="Waiting for a job").wait_for()
        assert page.get_by_text("orchestrator compare").is_visible()
        assert not page.locator("#loss").is_visible()
        runner.train(epochs=5)
        widths = [0.0]
        for epoch in range(1, 5):  # each waits until the one before is on the page
            assert eventually(lambda epoch=epoch: percent(page) == 20 * epoch)
            assert eventually(lambda: curve_width(page) > widths[-1])
            widths.append(curve_width(page))
            runner.open(f"epoch-{epoch}")
        lane(page).get_by_text("finished", exact=True).wait_for()
        assert percent(page) == 100
        assert page.locator("#loss path.line").is_visible()
        assert page.locator("#accuracy path.line").is_visible()
        accuracy = lane(page).locator("[data-figure=accuracy]").text_content()
        assert re.fullmatch(r"\d+\.\d\d %", accuracy)
        assert page.locator("#log").get_by_text("PyTorch: succeeded").count() == 1
        assert page.get_by_role("img", name=re.compile("Training loss by step: PyTorch")).count()
    assert server.url in seen.requests
    assert clean(seen)


def test_when_the_server_is_killed_the_page_says_so_and_takes_up_where_it_left_off(
    visit, start, tmp_path
):
    runner = start("gated")
    job = runner.train(epochs=5)  # it goes on when the page has taken up again
    seen = visit()
    page = seen.page

    log = page.locator("#log li")
    flags = (f"--pytorch={runner.address}", NO_TENSORFLOW)
    with live(tmp_path, *flags) as server:
        page.goto(server.url)
        assert eventually(lambda: log.filter(has_text="epoch").count() and curve_width(page) > 0)
        server.process.kill()
        page.get_by_role("status").get_by_text("Connection lost").wait_for()
        before = log.all_text_contents()
        assert curve_width(page) > 0, "what was known stays"
    with live(tmp_path, *flags, f"--port={server.port}"):
        page.get_by_role("status").get_by_text("Live", exact=True).wait_for()
        for epoch in range(1, 5):
            runner.open(f"epoch-{epoch}")
        lane(page).get_by_text("finished", exact=True).wait_for()
        assert log.all_text_contents()[: len(before)] == before
        assert log.filter(has_text="epoch").count() == runner.get(job).spec.epochs == 5
    assert not seen.external_requests
    refused = [e for e in seen.console_errors if "ERR_" not in e]
    assert not refused, "but for the connection that was refused"


def test_when_a_runner_is_gone_the_page_says_so_in_its_lane(visit, start, tmp_path):
    runner = start("slow")
    runner.train(epochs=10_000)
    seen = visit()
    with live(tmp_path, f"--pytorch={runner.address}", NO_TENSORFLOW) as server:
        seen.page.goto(server.url)
        assert eventually(lambda: curve_width(seen.page) > 0)
        runner.process.kill()
        lane(seen.page).get_by_text("the runner is gone").wait_for()
        lane(seen.page).get_by_text("lost: the runner disappeared").wait_for()
    assert clean(seen)


def test_what_others_wrote_is_shown_as_text_and_never_run(visit, start, tmp_path):
    runner = start("markup")
    runner.wait(runner.train())
    seen = visit()
    with live(tmp_path, f"--pytorch={runner.address}", NO_TENSORFLOW) as server:
        seen.page.goto(server.url)
        lane(seen.page).locator(".error").get_by_text("<img src=x onerror").wait_for()
        assert MESSAGE in lane(seen.page).locator(".error").text_content()
        assert MESSAGE in seen.page.locator("#log").text_content()
        assert seen.page.locator("img").count() == 0
        assert "taken over" not in seen.page.title()
    assert clean(seen)


def test_an_older_pair_can_be_chosen_by_keyboard_while_the_newest_is_in_front(
    visit, start, tmp_path
):
    both = [start(name="p"), start(name="t", framework="tensorflow")]
    for seed in (1, 2):
        for runner in both:
            runner.wait(runner.train(seed=seed))
    seen = visit()
    page = seen.page
    flags = [f"--{n}={r.address}" for n, r in zip(("pytorch", "tensorflow"), both, strict=True)]
    with live(tmp_path, *flags) as server:
        page.goto(server.url)
        title = page.get_by_role("heading", level=1)
        title.get_by_text("seed 2").wait_for()
        assert eventually(lambda: page.locator("#loss path.line").count() == 2)
        older = page.get_by_role("button", name=re.compile("seed 1"))
        older.focus()
        page.keyboard.press("Enter")
        title.get_by_text("seed 1").wait_for()
        assert older.get_attribute("aria-current") == "true"
        page.get_by_role("button", name=re.compile("seed 2")).click()
        for runner in both:
            runner.train(seed=3)
        title.get_by_text("seed 3").wait_for()
    assert clean(seen)


def test_each_framework_has_its_own_colour_as_everywhere(visit, start, tmp_path):
    runner = start()
    runner.wait(runner.train(seed=1))
    seen = visit()
    with live(tmp_path, f"--pytorch={runner.address}", NO_TENSORFLOW) as server:
        seen.page.goto(server.url)
        line = seen.page.locator("#loss path.line")
        line.wait_for(state="attached")
        assert line.get_attribute("stroke") == looks(["pytorch"])["pytorch"].colour
        found = lane(seen.page).evaluate("e => getComputedStyle(e).getPropertyValue('--colour')")
        assert found == looks(["pytorch"])["pytorch"].colour


SIZES = [(360, 900), (390, 844), (768, 900), (1280, 720), (1366, 768), (1280, 900), (1920, 1080)]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("look", [("light", ""), ("dark", ""), ("dark", "#projector")])
def test_nothing_is_cut_off_at_any_size_in_light_and_dark(visit, start, tmp_path, size, look):
    scheme, mode = look
    runner = start()
    runner.wait(runner.train(seed=1))
    seen = visit(viewport=dict(zip(("width", "height"), size, strict=True)), color_scheme=scheme)
    page = seen.page
    with live(tmp_path, f"--pytorch={runner.address}", NO_TENSORFLOW) as server:
        page.goto(server.url + mode)
        page.locator("#loss path.line").wait_for(state="attached")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        ground = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
        assert (int(re.search(r"\d+", ground)[0]) < 100) == (scheme == "dark")
        # At one moment: the page draws its curves anew while it lives.
        pairs = page.evaluate(
            "[...document.querySelectorAll('svg text, .lane *')].map(each => "
            "[each, each.closest('figure, .lane')].map("
            "one => one.getBoundingClientRect().toJSON())).filter(([one]) => one.width)"
        )
        assert pairs
        for box, card in pairs:
            assert box["left"] >= card["left"]
            assert box["right"] <= card["right"] + 1
            assert box["bottom"] <= card["bottom"] + 1


def test_the_projector_mode_leaves_curves_and_numbers_and_is_kept_in_the_address(
    visit, start, tmp_path
):
    runner = start()
    runner.wait(runner.train(seed=1))
    seen = visit()
    page = seen.page
    with live(tmp_path, f"--pytorch={runner.address}", NO_TENSORFLOW) as server:
        page.goto(server.url)
        page.locator("#log li").first.wait_for()
        page.get_by_role("button", name="Projector").click()
        page.locator("#log").wait_for(state="hidden")
        assert page.locator("#loss").is_visible()
        assert page.url.endswith("#projector")
        page.reload()
        assert page.get_by_role("button", name="Projector").get_attribute("aria-pressed") == "true"
        page.get_by_role("button", name="Projector").click()
        page.locator("#log").wait_for()
    assert clean(seen)


def test_a_run_is_counted_while_it_is_made_and_its_verdict_stays(visit, start, tmp_path):
    both = {name: start(name=name, framework=name) for name in ("pytorch", "tensorflow")}
    flags = [f"--{name}={runner.address}" for name, runner in both.items()]
    seen = visit()
    page = seen.page
    with live(tmp_path, *flags) as server:
        page.goto(server.url)
        run = create(tmp_path / "runs", "mnist-mlp")
        progress = english(Phrase("pair {number} of {of}"), number=2, of=10)
        with making(run):
            page.locator("#run").get_by_text("The run has begun.").wait_for()
            run.write_result("progress", as_json({"text": progress}))
            page.locator("#run").get_by_text("pair 2 of 10").wait_for()
            finding = english(Phrase("PyTorch won."))
            run.write_result("comparison", as_json({"finding": finding}))
        page.locator("#run").get_by_text("PyTorch won.").wait_for()
    assert clean(seen)


@pytest.mark.parametrize("width", [360, 1280])
def test_every_curve_of_three_frameworks_is_told_and_none_hides_another(
    visit, start, tmp_path, width
):
    names = ("pytorch", "tensorflow", MORE[0])
    three = {name: start(name=name, framework=name) for name in names}
    for runner in three.values():
        runner.wait(runner.train(seed=1))
    flags = [f"--runner={name}={runner.address}" for name, runner in three.items()]
    flags += [f"--runner={name}=127.0.0.1:1" for name in MORE[1:]]
    seen = visit(viewport={"width": width, "height": 900})
    page = seen.page
    with live(tmp_path, *flags, module="tests.integration.several") as server:
        page.goto(server.url)
        assert eventually(lambda: page.locator("#loss path.line").count() == 3)
        widths = page.locator("#loss path.line").evaluate_all(
            "lines => lines.map(line => Number(line.getAttribute('stroke-width')))"
        )
        assert widths == sorted(set(widths), reverse=True)
        values = page.locator("#loss text.value")
        assert values.count() == 3
        boxes = values.evaluate_all("all => all.map(each => each.getBoundingClientRect().toJSON())")
        plot = page.locator("#loss .plot").bounding_box()
        for index, box in enumerate(boxes):
            assert box["x"] + box["width"] <= plot["x"] + plot["width"] + 1
            for other in boxes[:index]:
                beside = abs(box["x"] - other["x"]) >= min(box["width"], other["width"])
                assert beside or abs(box["y"] - other["y"]) >= box["height"] / 2
    assert clean(seen)


def test_a_real_frameworks_job_is_followed_to_the_numbers_that_its_command_prints(visit, tmp_path):
    """PyTorch itself, by `orchestrator train` in another process, which starts the runner."""
    seen = visit()
    page = seen.page
    with live(tmp_path) as server:
        page.goto(server.url)
        train = subprocess.Popen(
            orchestrator("train", "--framework=pytorch", "--workload=synthetic-mlp", "--epochs=6"),
            cwd=tmp_path,
            env=environment(tmp_path),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        try:
            lane(page).get_by_text("finished", exact=True).wait_for()
            out, _ = train.communicate(timeout=HANG_SECONDS)
        finally:
            train.kill()
            train.wait()
        assert train.returncode == 0, out
        assert page.locator("#loss path.line").is_visible()
        assert page.locator("#log").get_by_text("epoch 6:").count() == 1
        accuracy = lane(page).locator("[data-figure=accuracy]").text_content()
        assert accuracy in out, "the page's final number is the command's"
    assert clean(seen)
