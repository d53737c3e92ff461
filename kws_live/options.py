"""What one run is asked for beyond the configuration."""

from dataclasses import dataclass
from pathlib import Path

DEMO_DEVICE = "demo"
"""The device that is none: a bundled recording, played once in real time."""

STANDARD_INPUT = "-"


@dataclass(frozen=True, slots=True)
class Options:
    """What one run is asked for beyond the configuration.

    Attributes:
        input: a sound file, "-" for raw samples on standard input, or None for the configured
            device.
        realtime: play `input` at its own pace.
        json: write events to standard output.
        record: where to keep the audio, or None.
    """

    input: str | None = None
    realtime: bool = False
    json: bool = False
    record: Path | None = None
