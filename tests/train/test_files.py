"""Writing what a run leaves."""

import json
import os
from pathlib import Path

from kws_train.files import write_json


def test_names_that_are_no_utf_8_are_written_and_read_again(tmp_path: Path) -> None:
    """A manifest that can't be written would cost the hours of decoding before it."""
    row = {"path": os.fsdecode(b"go/caf\xe9.wav"), "word": "caf\u00e9"}
    write_json(tmp_path / "a.json", row)
    assert json.loads((tmp_path / "a.json").read_text(encoding="utf-8")) == row
