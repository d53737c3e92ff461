"""One tiny run and its export, made once."""

from pathlib import Path

import pytest
from kws_export.export import export_model
from support.tiny_model import make_tiny_run


@pytest.fixture(scope="session")
def tiny_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run folder; not to be changed."""
    return make_tiny_run(tmp_path_factory.mktemp("run"))


@pytest.fixture(scope="session")
def tiny_model(tiny_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The model folder exported from `tiny_run`; not to be changed."""
    folder = tmp_path_factory.mktemp("models") / "tiny"
    export_model(tiny_run, folder, say=lambda line: None)
    return folder
