"""The daemon stays light: training's libraries never come along."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = ("torch", "transformers", "scipy", "pandas")

# Runs in an interpreter of its own and tells, for every watched library, which module of the package
# was the first to bring it in. `__main__` modules are programs; importing them by name starts nothing.
IMPORT_EVERYTHING = """
import importlib, json, pkgutil, sys

package, *watched = sys.argv[1:]
root = importlib.import_module(package)
names = [package]
names += [m.name for m in pkgutil.walk_packages(root.__path__, package + ".")]
culprits = {}
for name in names:
    importlib.import_module(name)
    for library in watched:
        if library in sys.modules:
            culprits.setdefault(library, name)
print(json.dumps({"imported": names, "culprits": culprits}))
"""


def imports(folder: Path, package: str, *watched: str) -> dict[str, object]:
    """Imports every module of `package` in a fresh interpreter, started in `folder`."""
    command = [sys.executable, "-c", IMPORT_EVERYTHING, package, *watched]
    answer = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=False, timeout=60
    )
    assert answer.returncode == 0, answer.stderr
    return json.loads(answer.stdout)


def test_no_module_of_the_daemon_imports_a_training_library(tmp_path: Path) -> None:
    """Importing all of kws_live leaves torch, transformers, scipy and pandas alone."""
    found = imports(tmp_path, "kws_live", *HEAVY)
    assert found["culprits"] == {}


def test_every_module_of_the_daemon_is_looked_at(tmp_path: Path) -> None:
    """The walk finds each Python file of the package, the deepest ones too."""
    import kws_live

    root = Path(kws_live.__file__).parent
    files = {
        ".".join(("kws_live", *path.relative_to(root).with_suffix("").parts)).removesuffix(
            ".__init__"
        )
        for path in root.rglob("*.py")
    }
    assert set(imports(tmp_path, "kws_live")["imported"]) == files


def test_a_library_that_is_imported_is_found(tmp_path: Path) -> None:
    """The search names the module that brings a library in (here numpy, which must be there)."""
    culprits = imports(tmp_path, "kws_live", "numpy")["culprits"]
    assert culprits["numpy"].startswith("kws_live")


@pytest.mark.parametrize("library", HEAVY[:2])
def test_the_search_would_see_the_real_libraries(library: str) -> None:
    """Both torch and transformers are installed here: their absence above is no accident."""
    import importlib.util

    assert importlib.util.find_spec(library) is not None
