import pytest

from orchestrator.errors import BadInput
from orchestrator.settings.sizes import bytes_of


@pytest.mark.parametrize(
    ("text", "wanted"),
    [("4GB", 4 * 10**9), ("512MiB", 2**29), ("2.5 gb", 2_500_000_000), (" 1 TiB ", 2**40)],
)
def test_a_size(text: str, wanted: int) -> None:
    assert bytes_of("--memory", text) == wanted


@pytest.mark.parametrize("text", ["", "4", "GB", "0GB", "-1GB", "4 bytes", "nanGB", "9e9GB", "1e3"])
def test_what_is_no_size_is_refused_by_name(text: str) -> None:
    with pytest.raises(BadInput, match="--memory takes a size"):
        bytes_of("--memory", text)
