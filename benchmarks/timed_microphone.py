"""A microphone of which it is known, to the sample, when each sound reached it.

A private PulseAudio has a source that reads a pipe; a thread writes the recording into the pipe as a
sound card's converter would: each 10 ms once they have sounded, silence before and after. So the
time at which a sample sounded is not measured but laid down.

with TimedMicrophone(Path("speech.wav")) as microphone:
    subprocess.Popen(["kws-live", "--json"], env=microphone.env)
    began_ns = microphone.play()
"""

import fcntl
import os
import select
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import soundfile

from benchmarks.common import ROOT

sys.path.insert(0, str(ROOT / "tests"))
from support.virtual_microphone import VirtualMicrophone

PERIOD_MS = 10
"""How much a sound card hands over at a time; those of laptops do 5 to 25 ms."""

_PIPE_BYTES = 1 << 20
"""Some seconds: on a busy machine the sound server may come late, and what it missed is there."""
_NS_PER_S = 1_000_000_000


class TimedMicrophone:
    """A microphone into which one recording is spoken, at the recording's own rate and channels.

    Args:
        recording: what is spoken.

    Raises:
        FileNotFoundError: PulseAudio is not installed; says what to install.
        soundfile.LibsndfileError: the recording can't be read.
    """

    def __init__(self, recording: Path) -> None:
        self._recording = recording
        info = soundfile.info(recording)
        self._rate_hz, self._channels = info.samplerate, info.channels
        self._period_frames = self._rate_hz * PERIOD_MS // 1000
        self._server = VirtualMicrophone()
        self.env = self._server.env
        """Environment of programs that shall record from it."""
        self.latest_ms = 0.0
        """How late the latest piece was written, in ms: more than a few, and the figures lie."""
        self._folder = tempfile.TemporaryDirectory(prefix="kws-mic-")
        self._speaking = threading.Event()
        self._spoken = threading.Event()
        self._ended = threading.Event()
        self._failure: BaseException | None = None
        self._began_ns = 0
        self._thread = threading.Thread(target=self._guarded, daemon=True)

    def __enter__(self) -> Self:
        """Start the server, and silence."""
        self._server.start()
        pipe = Path(self._folder.name) / "pipe"
        self._server.pactl(
            "load-module",
            "module-pipe-source",
            "source_name=timed",
            f"file={pipe}",
            "format=s16le",
            f"rate={self._rate_hz}",
            f"channels={self._channels}",
        )
        self._server.pactl("set-default-source", "timed")
        self._pipe = os.open(pipe, os.O_RDWR | os.O_NONBLOCK)
        fcntl.fcntl(self._pipe, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
        self._thread.start()
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _value: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        """End the silence and the server."""
        self._ended.set()
        self._thread.join()
        os.close(self._pipe)
        self._server.__exit__(None, None, None)
        self._folder.cleanup()

    def play(self) -> int:
        """Speak the recording to its end; return when its first sample sounded, CLOCK_MONOTONIC in ns.

        Raises:
            RuntimeError: the sound server did not take what was spoken.
        """
        self._speaking.set()
        self._spoken.wait()
        if self._failure is not None:
            raise RuntimeError("the sound server stopped reading") from self._failure
        return self._began_ns

    def _guarded(self) -> None:
        try:
            self._speak()
        except OSError as error:
            self._failure = error
            self._spoken.set()

    def _speak(self) -> None:
        silence = bytes(2 * self._channels * self._period_frames)
        recording: Iterator[bytes] = iter(())
        began_ns = time.monotonic_ns()
        frames = 0
        while not self._ended.is_set():
            if self._speaking.is_set() and not self._began_ns:
                self._began_ns = began_ns + frames * _NS_PER_S // self._rate_hz
                recording = self._pieces()
            piece = next(recording, silence)
            if piece is silence and self._began_ns:
                self._spoken.set()
            frames += self._period_frames
            due_ns = began_ns + frames * _NS_PER_S // self._rate_hz
            time.sleep(max(0, due_ns - time.monotonic_ns()) / _NS_PER_S)
            # Nobody reads before somebody records: silence that waited would delay all that follows.
            if self._began_ns or not self._waits():
                os.write(self._pipe, piece)
                self.latest_ms = max(self.latest_ms, (time.monotonic_ns() - due_ns) / 1e6)

    def _waits(self) -> bool:
        """Return whether what was written last has not been read yet."""
        return bool(select.select([self._pipe], [], [], 0)[0])

    def _pieces(self) -> Iterator[bytes]:
        for block in soundfile.blocks(
            self._recording, self._period_frames, dtype="int16", always_2d=True, fill_value=0
        ):
            yield block.tobytes()
