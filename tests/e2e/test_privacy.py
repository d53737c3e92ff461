"""The program listens to people: it keeps nothing and tells nobody, unless it is asked to."""

import os
from pathlib import Path

import pytest
from support import daemon


@pytest.mark.parametrize("arguments", [("--input", daemon.DEMO / "demo.flac"), ("--check-config",)])
def test_a_run_writes_no_file(tmp_path: Path, arguments: tuple[str | Path, ...]) -> None:
    """Neither into the home folder, caches of libraries among it, nor into the current one."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("XDG_")}
    result = daemon.run_in_bash(
        'cd "$HOME" && kws-live "$@"', *arguments, env=env | {"HOME": str(tmp_path)}
    )
    assert result.returncode == 0, result.stderr.decode()
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
