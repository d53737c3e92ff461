"""What the tests of the command line share."""

from pathlib import Path

import pytest
from support import daemon
from support.settings import write_eager_config
from support.tiny_model import make_tiny_model


@pytest.fixture(scope="session")
def eager(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, ...]:
    """Arguments for a small model that hears many keywords in any speech."""
    folder = tmp_path_factory.mktemp("eager")
    model = make_tiny_model(folder / "tiny")
    config = write_eager_config(folder / "config.toml")
    return ("--model", str(model), "--config", str(config))


@pytest.fixture
def speech(tmp_path: Path) -> Path:
    """A copy of the demo recording that a test may lose."""
    copy = tmp_path / "speech.flac"
    copy.write_bytes((daemon.DEMO / "demo.flac").read_bytes())
    return copy
