"""The wheel is the whole product: it runs in an empty environment, far from the checkout."""

import json
import os
import shutil
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NOT_SOURCES = shutil.ignore_patterns(
    ".*", "__pycache__", "build", "dist", "*.egg-info", "tests", "runs", "data"
)
TRAINING_LIBRARIES = {"torch", "transformers", "scipy", "pandas"}

#: Bytes. What a stranger downloads besides the dependencies; a model that grows past this is news.
SIZE_LIMIT = 30_000_000


def clean_environ(home: Path) -> dict[str, str]:
    """The environment of a user who has no configuration and no checkout."""
    dropped = ("KWS_LIVE_", "PYTHON", "XDG_", "PULSE_", "VIRTUAL_ENV")
    kept = {key: value for key, value in os.environ.items() if not key.startswith(dropped)}
    return {**kept, "HOME": str(home)}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel built from a copy of the sources: in the checkout, old builds would leak into it."""
    folder = tmp_path_factory.mktemp("wheel")
    shutil.copytree(ROOT, folder / "sources", ignore=NOT_SOURCES)
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"),
            *("--wheel-dir", folder / "dist", folder / "sources"),
        ],
        check=True,
    )
    (built,) = (folder / "dist").glob("*.whl")
    return built


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bin folder of a fresh virtual environment in which the wheel alone was installed."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=True)
    subprocess.run(
        [
            *(folder / "bin" / "python", "-m", "pip", "install", "--quiet"),
            *("--constraint", ROOT / "constraints.txt", wheel),
        ],
        env=clean_environ(Path.home()),
        check=True,
    )
    return folder / "bin"


def test_the_wheel_holds_the_daemon_its_model_and_its_demo(wheel: Path) -> None:
    """Everything that listening needs is inside, with the licence and the attributions."""
    names = zipfile.ZipFile(wheel).namelist()
    expected = [
        "kws_live/__main__.py",
        "kws_live/capture/__main__.py",
        "kws_live/demo/demo.flac",
        "kws_live/demo/demo.txt",
        "kws_live/py.typed",
        "kws_models/default/kws.json",
        "kws_models/default/model.onnx",
        "kws_models/default/model_quantized.onnx",
        "kws_models/default/README.md",
    ]
    assert [name for name in expected if name not in names] == []
    assert {"LICENSE", "NOTICE"} <= {Path(name).name for name in names if ".dist-info/" in name}


def test_the_wheel_holds_every_module(wheel: Path) -> None:
    """No package was forgotten in setup.cfg: each source file is in the wheel."""
    folders = {"kws_live": "kws_live", "train": "kws_train", "export": "kws_export"}
    sources = {
        str(Path(package, path.relative_to(ROOT / folder)))
        for folder, package in folders.items()
        for path in (ROOT / folder).rglob("*")
        if path.suffix in {".py", ".toml"}
    }
    assert sources - set(zipfile.ZipFile(wheel).namelist()) == set()


def test_the_wheel_leaves_out_what_only_training_needs(wheel: Path) -> None:
    """Neither the checkpoint nor tests are in it, and it stays small."""
    names = zipfile.ZipFile(wheel).namelist()
    assert [name for name in names if name.endswith(".safetensors")] == []
    assert {name.split("/")[0] for name in names if ".dist-info/" not in name} == {
        "kws_live",
        "kws_train",
        "kws_export",
        "kws_models",
    }
    assert wheel.stat().st_size < SIZE_LIMIT


def test_installing_the_wheel_brings_no_training_library(environment: Path) -> None:
    """torch, transformers, scipy and pandas are not among the daemon's dependencies."""
    listing = subprocess.run(
        [environment / "python", "-m", "pip", "list", "--format", "json"],
        check=True,
        capture_output=True,
    ).stdout
    installed = {package["name"].lower() for package in json.loads(listing)}
    assert "kws-live" in installed
    assert installed & TRAINING_LIBRARIES == set()


def test_the_installed_wheel_hears_every_word_of_the_demo(
    environment: Path, tmp_path: Path
) -> None:
    """`kws-live --device demo` in another folder detects all its keywords, once each, and exits 0."""
    demo = subprocess.run(
        [environment / "kws-live", "--device", "demo", "--json"],
        cwd=tmp_path,
        env=clean_environ(tmp_path),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert demo.returncode == 0, demo.stderr
    events = [json.loads(line) for line in demo.stdout.splitlines()]
    (ready,) = (event for event in events if event["type"] == "ready")
    keywords = sorted(keyword["keyword"] for keyword in ready["keywords"])
    heard = sorted(event["keyword"] for event in events if event["type"] == "detection")
    assert len(keywords) == 10
    assert heard == keywords
