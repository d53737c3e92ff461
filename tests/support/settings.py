"""Configuration files for tests."""

from pathlib import Path

__all__ = ["write_eager_config"]

_EAGER = """\
schema = 1
[decoder]
hold_s = 0.0
refractory_s = 0.1
[keywords.yes]
threshold = 0.0045
release = 0.0044
[keywords.no]
threshold = 0.0125
release = 0.0121
"""


def write_eager_config(path: Path) -> Path:
    """Write settings with which the model of `make_tiny_model` hears a keyword every second or two of speech.

    Returns:
        `path`.
    """
    path.write_text(_EAGER)
    return path
