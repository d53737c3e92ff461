"""A small model folder, and copies of it to spoil."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.tiny_model import make_tiny_model

Document = dict[str, Any]
Edit = Callable[[Callable[[Document], object]], Path]


@pytest.fixture(scope="session")
def sound_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A valid model folder, not to be changed."""
    return make_tiny_model(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture
def model(sound_model: Path, tmp_path: Path) -> Path:
    """A copy of it to spoil."""
    return Path(shutil.copytree(sound_model, tmp_path / "model"))


@pytest.fixture
def edit(model: Path) -> Edit:
    """Change the copy's `kws.json`; return the copy."""

    def change_document(change: Callable[[Document], object]) -> Path:
        file = model / "kws.json"
        document = json.loads(file.read_text())
        change(document)
        file.write_text(json.dumps(document))
        return model

    return change_document
