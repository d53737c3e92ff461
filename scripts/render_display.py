"""Draw docs/images/display.svg: the live display as it stands a moment into the demo.

    python scripts/render_display.py

Plays the demo through the whole program, with a hook, and draws what the display would show.
"""

import os
import threading
from pathlib import Path

from kws_live.compose import compose, settle
from kws_live.config import load
from kws_live.display.history import History
from kws_live.display.paint import save_svg
from kws_live.display.render import render
from kws_live.events import Event
from kws_live.options import Options

IMAGE = Path(__file__).resolve().parent.parent / "docs" / "images" / "display.svg"
MOMENT_S = 21.9
"""Just after "stop" was heard, the ninth of the ten words."""
COLUMNS, LINES = 80, 24


class Recorder:
    """A sink that keeps what the display keeps."""

    name = "picture"

    def __init__(self) -> None:
        self.history = History()

    def offer(self, event: Event, block: bool) -> bool:
        """Keep it."""
        self.history.record(event)
        return True

    def run(self) -> None:
        """Nothing is left to do."""

    def release(self) -> None:
        """Nobody waits."""

    def close(self) -> None:
        """Nothing to end."""


def main() -> None:
    """Run the demo up to the moment and draw it."""
    flags = {"audio.device": "demo", "hook": ["*=true"]}
    resolved = load(None, {**os.environ, "XDG_CONFIG_HOME": "/nonexistent"}, flags)
    app = compose(settle(resolved), Options())
    recorder = Recorder()
    app.bus.attach(recorder)
    app.sinks = [recorder]

    def draw() -> None:
        frame = render(app.status.snapshot(), recorder.history, COLUMNS, LINES)
        IMAGE.parent.mkdir(exist_ok=True)
        save_svg(frame, COLUMNS, LINES, IMAGE, "kws-live --device demo")
        app.stop()

    threading.Timer(MOMENT_S, draw).start()
    app.run()


if __name__ == "__main__":
    main()
