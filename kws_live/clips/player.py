"""Plays clips in a child process, which can hang without anybody waiting for it."""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

_PATIENCE_S = 5.0
"""A clip that has not ended this long after it should have never will."""
_SAID_BYTES = 4_096


class Player:
    """Plays one clip at a time. Once playing failed, it is tried again only when asked for.

    All methods are for one thread and return at once.

    Args:
        patience_s: how long after it should have a clip may end.
    """

    def __init__(self, patience_s: float = _PATIENCE_S) -> None:
        self._patience_s = patience_s
        self.problem: str | None = None
        """Why nothing can be heard; None while nothing went wrong."""
        self._child: subprocess.Popen[bytes] | None = None
        self._said = tempfile.TemporaryFile()  # noqa: SIM115  (open as long as we are)
        self._give_up_s = 0.0

    @property
    def playing(self) -> bool:
        """Whether a clip is being played."""
        return self._child is not None

    def play(self, path: Path, duration_s: float, *, anyway: bool = False) -> None:
        """Stop what is being played and play `path`; after a failure only if `anyway`."""
        self.stop()
        if self.problem and not anyway:
            return
        self._said.seek(0)
        self._said.truncate()
        try:
            self._child = subprocess.Popen(
                # -P: a stray file of the current folder must not shadow a module.
                [sys.executable, "-P", "-m", "kws_live.clips.play", str(path)],
                # Nothing is ever written to it: its end tells the child that we are gone.
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=self._said,
                # Ctrl-C is ours to handle.
                start_new_session=True,
            )
        except OSError as error:
            self.problem = f"no process can be started ({error.strerror})"
        self._give_up_s = time.monotonic() + duration_s + self._patience_s

    def check(self) -> None:
        """Notice that playing ended, failed or hangs; to be called several times a second."""
        if self._child is None:
            return
        code = self._child.poll()
        if code is None and time.monotonic() < self._give_up_s:
            return
        self.stop()
        if code is None:
            self.problem = "the sound server does not answer"
        elif code:
            self._said.seek(0)
            lines = self._said.read()[-_SAID_BYTES:].decode(errors="replace").split("\n")
            self.problem = next((line for line in reversed(lines) if line), f"exit code {code}")
        else:
            self.problem = None

    def stop(self) -> None:
        """End what is being played."""
        if self._child is not None:
            self._child.kill()
            self._child.wait()
            assert self._child.stdin is not None
            self._child.stdin.close()
            self._child = None
