"""The page of recipes and of loops: their figure, and that it needs no other page."""

import pytest
from matplotlib.figure import Figure

from orchestrator import page
from orchestrator.figures import plots
from orchestrator.figures.panels.variants import variants
from orchestrator.results.comparison import compare
from orchestrator.results.recipes import recipes
from orchestrator.results.variants import LOOPS, loops
from orchestrator.storage.about import About, Kind
from tests.builders.document import Document
from tests.builders.drawn import BOTH
from tests.builders.events import JOB
from tests.builders.recipes import IDIOMATIC, waiting

ABOUT = About("20261124T231346Z-mnist-mlp-recipes", Kind.RECIPES, "mnist-mlp", None)


def of_variants(made, compared):
    drawn = plots.variants_canvas(made)
    figures = [drawn.drawing()] if drawn else []
    return Document(page.render(page.variants_page(made, ABOUT, compared, figures)))


VARIANTS = {
    "recipes": (recipes, dict.fromkeys(("matched", "idiomatic"), BOTH), "--recipe both"),
    "loops": (loops, dict.fromkeys(LOOPS, BOTH), "--loop both"),
}


@pytest.mark.parametrize("kind", VARIANTS)
def test_the_page_of_recipes_and_of_loops_needs_no_other_when_it_is_sent_alone(kind):
    make, compared, flag = VARIANTS[kind]
    made = make(compared)
    found = of_variants(made, compared)
    for link in found.tags("a"):
        assert link["href"].startswith(("#", "data:"))
    assert made.sentences[0].partition(" s ")[0] in found.text
    assert len(found.tags("svg")) == 1
    assert "Version ≠ 2.14.1 2.21.0" in found.text
    assert f"orchestrator compare --workload mnist-mlp.yaml {flag} --no-verify" in found.text
    for name, comparison in compared.items():
        assert f"{name}/report.html" in found.text
        assert found.text.count(str(comparison.finding)) == len(compared)
        for caution in comparison.cautions:
            assert found.text.count(caution.code) == len(compared)


def test_recipes_and_loops_of_which_none_has_finished_have_a_page_too():
    empty = compare(JOB, [])
    assert not of_variants(recipes({}), {}).tags("svg")
    found = of_variants(loops({"fit": empty}), {"fit": empty})
    assert "It was not finished." in found.text
    assert not found.tags("svg")


def test_a_bar_is_drawn_for_each_side_of_each_variant_with_the_wait_apart():
    compared = {
        "matched": BOTH,
        "idiomatic": compare(
            IDIOMATIC, [waiting("pytorch", 4.0, 1.0), waiting("tensorflow", 2, 0)]
        ),
    }
    axes = Figure().add_subplot()
    variants(axes, recipes(compared))
    widths = [patch.get_width() for patch in axes.patches]
    assert widths[2:] == [3.0, 1.0, 2.0]
    assert axes.patches[3].get_hatch()
    assert "idiomatic: PyTorch" in [text.get_text() for text in axes.texts]
