"""The notebook runs from its first cell to its last, and is kept without what it showed."""

from pathlib import Path
from typing import Any

import nbclient
import nbformat
import numpy as np
import pytest
import soundfile as sf
from kws_train.split import speech_commands_split

from kws_live.model import load_model_folder

NOTEBOOK = Path(__file__).resolve().parents[2] / "examples" / "train_and_evaluate.ipynb"
TONES_HZ = {"low": 300.0, "high": 2500.0, "other": 900.0}


@pytest.fixture(scope="module")
def source() -> Any:
    return nbformat.read(NOTEBOOK, as_version=4)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two keywords and another word, tones in noise: few to train on, as many to judge by as an export needs."""
    folder = tmp_path_factory.mktemp("corpus")
    rng = np.random.default_rng(0)
    speakers: dict[str, list[str]] = {"training": [], "validation": [], "testing": []}
    for number in range(2000):
        name = f"{number:08x}"
        speakers[speech_commands_split(f"{name}_nohash_0.wav")].append(name)
    chosen = speakers["training"][:12] + speakers["validation"][:52] + speakers["testing"][:2]
    t = np.arange(5600) / 16_000
    for word, hz in TONES_HZ.items():
        (folder / word).mkdir()
        for speaker in chosen:
            x = 1e-3 * rng.standard_normal(16_000)
            x[5000:10600] += 0.3 * np.sin(2 * np.pi * hz * rng.uniform(0.95, 1.05) * t)
            sf.write(folder / word / f"{speaker}_nohash_0.flac", x, 16_000)
    return folder


@pytest.fixture(scope="module")
def work(source: Any, corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    """What the notebook wrote about that corpus, and the notebook with what it showed."""
    work = tmp_path_factory.mktemp("work")
    notebook = nbformat.from_dict(source)
    (at,) = (i for i, c in enumerate(notebook.cells) if "parameters" in c.metadata.get("tags", []))
    mine = f"CORPUS = {str(corpus)!r}\nKEYWORDS = ('low', 'high')\nEPOCHS = 2\n"
    mine += f"EXAMPLES_PER_EPOCH = 128\nWORK = {str(work)!r}\n"
    notebook.cells.insert(at + 1, nbformat.v4.new_code_cell(mine))
    with pytest.MonkeyPatch.context() as patch:
        # The kernel keeps its history and its sockets here, not in the home of whoever tests.
        for name in ("IPYTHONDIR", "JUPYTER_RUNTIME_DIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR"):
            patch.setenv(name, str(tmp_path_factory.mktemp(name.lower())))
        patch.setenv("OMP_NUM_THREADS", "1")
        nbclient.NotebookClient(notebook, timeout=600, kernel_name="python3").execute()
    return work, notebook


def test_the_cells_run_in_order_and_leave_a_model(work: tuple[Path, Any]) -> None:
    """From a folder of clips to a run with its report, and to a folder that the daemon opens."""
    folder, _ = work
    assert (folder / "run" / "report" / "index.html").is_file()
    assert load_model_folder(folder / "model").keywords == ("low", "high")


def test_it_shows_and_plays_what_it_speaks_of(work: tuple[Path, Any]) -> None:
    """Curves, confusion matrix and DET as pictures; clips and examples to listen to; no warnings."""
    shown = [output for cell in work[1].cells for output in cell.get("outputs", [])]
    kinds = [kind for output in shown for kind in output.get("data", {})]
    assert kinds.count("image/png") == 3
    players = [o for o in shown if "<audio" in o.get("data", {}).get("text/html", "")]
    assert len(players) >= 5
    said = "".join(o.text for o in shown if o.output_type == "stream" and o.name == "stdout")
    assert "epoch 2 done" in said
    assert "heard" in said
    assert [o.text for o in shown if o.output_type == "stream" and o.name == "stderr"] == []


def test_it_is_kept_without_its_outputs(source: Any) -> None:
    """They would be out of date with the next change, and make every change large."""
    for cell in source.cells:
        if cell.cell_type == "code":
            assert cell.outputs == [], cell.id
            assert cell.execution_count is None, cell.id
