"""Configuration files for tests."""

from pathlib import Path

__all__ = ["write_eager_config"]

_EAGER = """\
schema = 1
[decoder]
hold_s = 0.0
refractory_s = 0.1
[keywords.yes]
threshold = 0.0035
release = 0.0034
[keywords.no]
threshold = 0.011
release = 0.0109
"""


def write_eager_config(path: Path) -> Path:
    """Write settings with which the model of `make_tiny_model` hears a keyword every second or two of speech.

    Returns:
        `path`.
    """
    path.write_text(_EAGER)
    return path
