"""Columns of a terminal, of which a Chinese character takes two."""

import textwrap

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.language import columns

LATIN = st.text("ab -/.\n", max_size=60)
CHINESE = st.lists(st.sampled_from(["訓", "練", "（訓", "練）", "度，", "步。"])).map("".join)
MIXED = st.text("訓練速度是倍 ab", max_size=60)
WIDTHS = st.integers(4, 40)


@given(LATIN, WIDTHS)
def test_text_without_wide_characters_is_wrapped_as_ever(text, width):
    assert columns.wrap(text, width) == textwrap.wrap(text, width)


@given(MIXED, WIDTHS)
def test_every_character_is_kept_and_no_line_is_wider_than_asked(text, width):
    lines = columns.wrap(text, width)
    assert "".join("".join(lines).split()) == "".join(text.split())
    assert all(columns.width(line) <= width for line in lines)


@given(CHINESE, WIDTHS)
def test_no_line_begins_with_a_full_stop_or_ends_with_an_opening_bracket(text, width):
    lines = columns.wrap(text, width)
    assert "".join(lines) == text
    assert not any(line.startswith(("，", "。", "）")) or line.endswith("（") for line in lines)


def test_a_percent_sign_stays_with_its_number():
    assert columns.wrap("which is 90.00 % here", 14) == ["which is", "90.00 % here"]


def test_padding_counts_columns():
    assert columns.ljust("訓練", 6) == "訓練  "
    assert columns.rjust("訓練", 6) == "  訓練"
    assert columns.rjust("ab", 1) == "ab"
