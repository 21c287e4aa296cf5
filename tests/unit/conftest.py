"""For unit tests: the arrays of a job's data stay out of the developer's own cache."""

from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True, scope="session")
def own_data_directory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TWINRUN_DATA_DIR", str(tmp_path_factory.mktemp("data")))
        yield
