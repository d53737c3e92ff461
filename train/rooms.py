"""Simulated rooms in which the speech of some examples is heard (`[augment] room_share`).

The rooms are those of `kws_live.eval.rooms`. They are drawn once and kept as spectra beside the decoded audio,
so that an example takes two Fourier transforms.
"""

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from kws_live.errors import OutputError
from kws_live.eval.rooms import Room, draw_rooms
from kws_live.files import atomic
from kws_live.types import Float32Array

from .windows import WINDOW_SAMPLES

log = logging.getLogger(__name__)

#: Raise when other rooms are drawn, or their spectra are made otherwise.
BANK_FORMAT = 1
ROOMS = 300
#: Of the speaker and the microphone; nearer ones are what the recordings themselves are.
RT60_S = (0.2, 0.7)
DISTANCE_M = (0.3, 3.0)

#: What is kept of a response: from shortly before the direct sound, half a second.
LEAD_SAMPLES = 40
RESPONSE_SAMPLES = 8_000
FADE_SAMPLES = 400
#: Window and response together, so that the convolution of their spectra does not wrap around.
FFT_SAMPLES = WINDOW_SAMPLES + RESPONSE_SAMPLES


@dataclass(frozen=True)
class RoomBank:
    """Rooms, ready to be heard in; pickled, the name of their file.

    Attributes:
        file: Where the spectra lie.
        spectra: complex64 [rooms, 12001], the mapped file.
    """

    file: Path
    spectra: npt.NDArray[np.complex64]

    def __len__(self) -> int:
        return len(self.spectra)

    def __getstate__(self) -> dict[str, Any]:
        return {"file": self.file}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state | {"spectra": _mapped(state["file"])})

    def hear(self, dry: Float32Array, room: int) -> Float32Array:
        """Return what a window sounds like in a room, where it was and as loud as before.

        Args:
            dry: float32 [16000].
            room: Which one, 0 … len − 1.

        Returns:
            float32 [16000]; the sound stays where it was in the window to 3 ms.
        """
        spectrum = np.fft.rfft(dry, FFT_SAMPLES) * self.spectra[room]
        wet: Float32Array = np.fft.irfft(spectrum, FFT_SAMPLES)[:WINDOW_SAMPLES].astype(np.float32)
        loudness = np.sqrt(np.mean(np.square(wet)))
        if loudness > 0:
            wet *= np.sqrt(np.mean(np.square(dry))) / loudness
        return wet


def open_rooms(
    room_share: float, seed: int, cache_dir: Path, count: int = ROOMS
) -> RoomBank | None:
    """Return the rooms of a seed, from the cache or drawn anew; None for a share of 0.

    Raises:
        InputError: pyroomacoustics is not installed.
        OutputError: The cache cannot be written.
    """
    if not room_share:
        return None
    file = cache_dir / f"rooms-v{BANK_FORMAT}-{count}-{seed}.npy"
    if not file.is_file():
        log.info("simulating %d rooms; they are kept for later runs of this seed", count)
        rooms = draw_rooms(count, rt60_s=RT60_S, distance_m=DISTANCE_M, seed=seed)
        try:
            cache_dir.mkdir(parents=True, exist_ok=True)
            with atomic(file) as waiting, waiting.open("wb") as out:
                np.save(out, np.stack([spectrum_of(room) for room in rooms]))
        except OSError as error:
            raise OutputError(
                f"cannot write the cache in {cache_dir}: {error}. Free some space "
                "(30 MB are needed) or name another folder with --cache"
            ) from error
    return RoomBank(file, _mapped(file))


def spectrum_of(room: Room) -> npt.NDArray[np.complex64]:
    """Return what a room does to the spectrum of a window, complex64 [12001].

    The way of the direct sound is taken off, and after half a second the response fades out.
    """
    response = np.zeros(RESPONSE_SAMPLES, np.float32)
    heard = room.response[max(0, room.delay_samples - LEAD_SAMPLES) :][:RESPONSE_SAMPLES]
    response[: len(heard)] = heard
    response[-FADE_SAMPLES:] *= np.linspace(1, 0, FADE_SAMPLES, dtype=np.float32)
    return np.fft.rfft(response, FFT_SAMPLES).astype(np.complex64)


def _mapped(file: Path) -> npt.NDArray[np.complex64]:
    return np.asarray(np.load(file, mmap_mode="r"))
