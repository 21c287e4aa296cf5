"""A run's page in a real browser: complete, quiet, readable by everybody, everywhere."""

import itertools
import json
import re
import shutil

import pytest

from orchestrator.actions.remake import remake
from orchestrator.results.habits.numbering import number_of
from orchestrator.results.habits.pitfalls import PITFALLS
from orchestrator.results.variants import CHANGES
from orchestrator.storage import store
from orchestrator.storage.about import Kind
from tests.builders.events import failed_events
from tests.builders.parities import stored
from tests.builders.stored import add_trial, compared, verified

PHONE = {"viewport": {"width": 360, "height": 740}, "is_mobile": True, "has_touch": True}
KINDS = ("pairs", "failed", "verified", "explained", "parity", "recipes", "loops")
SIZES = [(1280, 720), (1366, 768), (1920, 1080), (390, 844)]
DIGEST = "ghcr.io/someone/twinrun-pytorch@sha256:" + 64 * "a"


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """The page of several pairs, of one with a failed trial, and of each other kind of run."""
    folder = tmp_path_factory.mktemp("runs")
    pairs = compared(folder, 7)
    failed = compared(folder, 1)
    add_trial(failed, "pytorch", 2)
    add_trial(failed, "tensorflow", 2, events=failed_events("tensorflow"))
    certificate = verified(folder)
    explained = compared(folder, 1, kind=Kind.EXPLAIN)
    for framework in ("pytorch", "tensorflow"):
        add_trial(explained, framework, number_of(PITFALLS[0]))
    table = stored(folder, wrong=1e-3, failed=True)
    runs = (
        pairs,
        failed,
        certificate,
        explained,
        table,
        *(outer(folder, kind) for kind in CHANGES),
    )
    for run in runs:
        remake(run)
    return dict(zip(KINDS, runs, strict=True))


def outer(folder, kind):
    """Recipes or loops: a run with a comparison for each."""
    run = compared(folder, 1, kind=kind)
    shutil.rmtree(run.path / "events")
    for name in CHANGES[kind]:
        shutil.move(compared(folder / "elsewhere", 1, image=DIGEST).path, run.path / name)
    return run


@pytest.fixture
def opened(visit, pages):
    def opened(kind="pairs", **options):
        seen = visit(**options)
        seen.page.goto(pages[kind].page_path.as_uri())
        return seen

    return opened


@pytest.mark.parametrize("kind", KINDS)
def test_it_opens_from_disk_without_an_error_and_asks_for_nothing_else(opened, pages, kind):
    seen = opened(kind)
    assert seen.console_errors == []
    assert seen.requests == [pages[kind].page_path.as_uri()]


@pytest.mark.parametrize("options", [{}, PHONE], ids=["desk", "phone"])
def test_every_figure_is_seen_with_its_text(opened, options):
    page = opened(**options).page
    for figure in page.locator("figure").all():
        box = figure.locator("svg").bounding_box()
        assert box["width"] > 250
        assert box["height"] > 150
        # What is drawn fills what is shown: nothing was cut off, nothing left empty.
        assert figure.locator("svg text").count() > 3
        assert figure.locator("svg path").count() > 5
    assert page.locator("figure").count() == 7


@pytest.mark.parametrize("kind", KINDS)
def test_a_phone_needs_no_scrolling_to_the_side(opened, kind):
    page = opened(kind, **PHONE).page
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_no_text_of_a_figure_is_smaller_on_a_phone_than_can_be_read(opened):
    sizes = opened(**PHONE).page.evaluate(
        """() => [...document.querySelectorAll("figure svg")].flatMap(svg => {
          const scale = svg.getBoundingClientRect().width / svg.viewBox.baseVal.width;
          return [...svg.querySelectorAll("text")].map(
            text => scale * parseFloat(getComputedStyle(text).fontSize));
        })"""
    )
    assert min(sizes) >= 7.5


CUT = """() => {
  const cut = [];
  const right = (e) => e.getBoundingClientRect().right;
  const name = (e) => e.id || e.getAttribute("aria-label") || e.textContent.slice(0, 40);
  for (const e of document.querySelectorAll("main *:not(svg *), header *")) {
    const scroller = e.parentElement.closest(".scroll, pre");
    if (!scroller && !e.closest(".quiet, .skip") && right(e) > innerWidth + 1) cut.push(name(e));
  }
  for (const figure of document.querySelectorAll("figure")) {
    const svg = figure.querySelector("svg");
    const scroller = figure.querySelector(".scroll");
    const whole = !scroller || innerWidth < 1000 || right(svg) <= right(scroller) + 1;
    if (!whole || right(scroller || svg) > right(figure)) cut.push(figure.id);
  }
  for (const e of document.querySelectorAll(".scroll")) {
    const shadows = getComputedStyle(e).backgroundImage.split("linear-gradient").length - 1;
    if (e.scrollWidth > e.clientWidth + 1 && (shadows < 4 || innerWidth > 1000)) cut.push(name(e));
  }
  return cut;
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_cut_off_without_a_hint_that_it_goes_on(opened, kind, size, scheme):
    viewport = dict(zip(("width", "height"), size, strict=True))
    page = opened(kind, viewport=viewport, color_scheme=scheme).page
    assert page.evaluate(CUT) == []


def test_an_image_of_the_environments_pushes_no_column_off_a_phone(opened):
    page = opened("recipes", **PHONE).page
    table = page.locator("#environments .scroll").first
    assert DIGEST in table.inner_text().replace("\n", "")
    assert table.evaluate("e => e.scrollWidth - e.clientWidth") <= 1


CONTRASTS = """() => {
  const canvas = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
  const rgb = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return canvas.getImageData(0, 0, 1, 1).data;
  };
  const luminance = (colour) => [...rgb(colour)].slice(0, 3).map(v => v / 255)
    .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (element) => {
    for (let e = element; e; e = e.parentElement) {
      const colour = getComputedStyle(e).backgroundColor;
      if (rgb(colour)[3] === 255) return colour;
    }
    return "white";
  };
  const found = {};
  const texts = "p, h1, h2, h3, th, td, a, dd, code, summary, caption, figcaption, svg text";
  for (const e of document.querySelectorAll(texts)) {
    if (!e.textContent.trim()) continue;
    const style = getComputedStyle(e);
    const [a, b] = [luminance(e.closest("svg") ? style.fill : style.color), luminance(behind(e))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) found[e.textContent.trim().slice(0, 40)] = ratio;
  }
  return found;
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("kind", KINDS)
def test_all_text_stands_out_from_what_is_behind_it(opened, kind, scheme):
    assert opened(kind, color_scheme=scheme).page.evaluate(CONTRASTS) == {}


def test_dark_and_light_are_not_the_same(opened):
    colours = [
        opened(color_scheme=scheme).page.evaluate("getComputedStyle(document.body).backgroundColor")
        for scheme in ("light", "dark")
    ]
    assert colours[0] != colours[1]


@pytest.mark.parametrize("kind", KINDS)
def test_headings_are_in_order_and_landmarks_are_there_once(opened, kind):
    page = opened(kind).page
    levels = page.evaluate(
        '[...document.querySelectorAll("h1,h2,h3,h4,h5,h6")].map(h => +h.tagName[1])'
    )
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))
    for landmark in ("banner", "navigation", "main", "contentinfo"):
        assert page.get_by_role(landmark).count() == 1


@pytest.mark.parametrize("kind", KINDS)
def test_tables_have_captions_and_every_heading_a_scope_and_figures_a_name(opened, kind):
    page = opened(kind).page
    assert page.evaluate(
        """() => [...document.querySelectorAll("table")].every(table => table.caption &&
          [...table.querySelectorAll("th")].every(h => ["row", "col"].includes(h.scope)))"""
    )
    for table in page.get_by_role("table").all():
        assert (
            table.locator("thead th").count()
            == table.locator("tbody tr").first.locator("th, td").count()
        )
    for svg in page.locator("figure svg").all():
        assert svg.get_attribute("role") == "img"
        assert svg.get_attribute("aria-label")


def test_everything_that_can_be_used_can_be_reached_by_keyboard_and_shows_it(opened):
    page = opened().page
    wanted = page.evaluate(
        """() => {
          const all = [...document.querySelectorAll("a[href], summary, [tabindex]")]
            .filter(e => !e.closest("details:not([open])") || e.tagName === "SUMMARY");
          all.forEach((e, i) => { e.dataset.at = i; });
          return all.length;
        }"""
    )
    reached = set()
    for _ in range(wanted + 2):
        page.keyboard.press("Tab")
        at = page.evaluate(
            """() => [document.activeElement.dataset.at,
              getComputedStyle(document.activeElement).outlineStyle]"""
        )
        if at[0] is not None:
            assert at[1] != "none"
            reached.add(at[0])
    assert len(reached) == wanted


def test_links_within_the_page_lead_to_their_sections(opened):
    page = opened().page
    for link in page.locator("nav a").all():
        target = link.get_attribute("href")
        assert page.locator(target).count() == 1
    page.locator("nav a", has_text="Run it again").click()
    assert page.locator("#reproduce h2").is_visible()


def test_the_data_and_the_job_can_be_saved(opened, pages):
    page = opened().page
    for name in ("comparison.json", "mnist-mlp.yaml"):
        with page.expect_download() as saved:
            page.locator(f"a[download='{name}']").click()
        assert saved.value.suggested_filename == name
        content = saved.value.path().read_text()
        if name.endswith(".json"):
            assert json.loads(content) == pages["pairs"].result("comparison")


def test_it_prints_on_white_with_all_that_matters_and_no_navigation(opened):
    page = opened(color_scheme="dark").page
    content = page.pdf(format="A4")
    assert content.startswith(b"%PDF")
    assert 2 <= len(re.findall(rb"/Type\s*/Page\b", content)) <= 12
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert not page.locator("nav").is_visible()
    assert page.locator("h1").is_visible()
    page.set_viewport_size({"width": 690, "height": 1000})
    assert page.evaluate("document.documentElement.scrollWidth") <= 690


def test_a_trial_that_failed_is_there_with_its_reason(opened):
    page = opened("failed").page
    assert "SIGKILL" in page.locator("#trials").inner_text()
    assert page.locator("#trials tbody tr").count() == 4


def test_a_hostile_run_runs_nothing(visit, tmp_path):
    run = compared(tmp_path)
    spec = run.spec()
    spec.dataset.name = "</style></svg><script>document.title='taken'</script>"
    run.write_spec(spec)
    for name in ("pytorch", "tensorflow"):
        add_trial(run, name, 1)
    remake(store.Run(run.path))
    seen = visit()
    seen.page.goto(run.page_path.as_uri())
    assert seen.console_errors == []
    assert seen.page.title().startswith("mnist-mlp: ")
    assert seen.page.locator("script").count() == 0
