"""Whether there is a terminal to draw on."""

import os
from collections.abc import Mapping
from typing import TextIO


def can_show(stream: TextIO, environ: Mapping[str, str]) -> bool:
    """Return whether the live display suits `stream`: a terminal that can be drawn on, in the foreground."""
    if not stream.isatty() or environ.get("TERM", "dumb") in {"dumb", "unknown"}:
        return False
    try:
        return os.tcgetpgrp(stream.fileno()) == os.getpgrp()
    except OSError:
        return False
