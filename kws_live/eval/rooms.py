"""Simulated rooms: what a microphone some way off hears of what is said.

A room is a box whose walls absorb alike; what it does to a sound is found by the image-source method
(Allen and Berkley 1979), with the absorption that Sabine's formula gives for the reverberation time.
Nine rooms in ten ring within a fifth of the time drawn, measured from -5 to -25 dB.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from kws_live.errors import InputError
from kws_live.types import SAMPLE_RATE_HZ, Float32Array

SHORTEST_RT60_S = 0.2
LONGEST_RT60_S = 1.0
NEAREST_M = 0.2
FARTHEST_M = 6.0
DEFAULT_RT60_S = (0.2, 0.5)
DEFAULT_DISTANCE_M = (0.5, 3.0)

_SMALLEST_M = np.array([3.0, 3.0, 2.4])
_LARGEST_M = np.array([8.0, 6.0, 3.2])
_FROM_WALL_M = 0.3
_MOUTH_HEIGHT_M = (1.1, 1.8)
_TRIES = 10_000


@dataclass(frozen=True, slots=True)
class Room:
    """A speaker's and a microphone's places in a room.

    Attributes:
        response: float32 [n] at 16 kHz, from the moment the sound leaves the mouth.
        delay_samples: how long the sound is on its direct way.
        rt60_s: reverberation time asked of the walls.
        distance_m: from mouth to microphone.
    """

    response: Float32Array
    delay_samples: int
    rt60_s: float
    distance_m: float

    def hear(self, dry: Float32Array) -> Float32Array:
        """Return what arrives of `dry` (float32 [n]): float32 [n + len(response) - 1]."""
        length = len(dry) + len(self.response) - 1
        size = 1 << (length - 1).bit_length()
        spectrum = np.fft.rfft(dry, size) * np.fft.rfft(self.response, size)
        wet: Float32Array = np.fft.irfft(spectrum, size)[:length].astype(np.float32)
        return wet


def draw_rooms(
    count: int,
    *,
    rt60_s: tuple[float, float],
    distance_m: tuple[float, float],
    seed: int,
    progress: Callable[[], None] = lambda: None,
) -> list[Room]:
    """Return `count` rooms, the same ones for the same seed.

    Args:
        count: how many; each takes up to 3 s at the longest reverberation.
        rt60_s: shortest and longest reverberation time, drawn uniformly.
        distance_m: nearest and farthest microphone, drawn uniformly.
        seed: of sizes, places, times and distances.
        progress: called after each room.

    Raises:
        InputError: pyroomacoustics is not installed.
        ValueError: a range is empty or beyond what boxes of 3 to 8 m allow.
    """
    _check("reverberation times", rt60_s, SHORTEST_RT60_S, LONGEST_RT60_S, "s")
    _check("distances", distance_m, NEAREST_M, FARTHEST_M, "m")
    try:
        import pyroomacoustics  # noqa: PLC0415
    except ImportError as error:
        raise InputError(
            "rooms are simulated by pyroomacoustics, which is not installed. Install it with: "
            f"{sys.executable} -m pip install 'kws-live[eval]'"
        ) from error
    rng = np.random.default_rng([seed, 1])
    rooms = []
    for _ in range(count):
        rooms.append(_draw(pyroomacoustics, rng, rt60_s, distance_m))
        progress()
    return rooms


def _draw(
    acoustics: Any,
    rng: np.random.Generator,
    rt60_s: tuple[float, float],
    distance_m: tuple[float, float],
) -> Room:
    rt60, distance = float(rng.uniform(*rt60_s)), float(rng.uniform(*distance_m))
    for _ in range(_TRIES):
        size = rng.uniform(_SMALLEST_M, _LARGEST_M)
        mouth = rng.uniform(_FROM_WALL_M, size - _FROM_WALL_M)
        mouth[2] = rng.uniform(*_MOUTH_HEIGHT_M)
        direction = rng.standard_normal(3)
        microphone = mouth + distance * direction / np.linalg.norm(direction)
        if np.any(microphone < _FROM_WALL_M) or np.any(microphone > size - _FROM_WALL_M):
            continue
        try:
            absorption, order = acoustics.inverse_sabine(rt60, size)
        except ValueError:  # No wall absorbs enough for so short a time in so large a room.
            continue
        return _simulated(acoustics, size, mouth, microphone, (absorption, order), rt60, distance)
    raise ValueError(f"found no room with {rt60:.2f} s of reverberation and {distance:.1f} m in it")


def _simulated(
    acoustics: Any,
    size: Any,
    mouth: Any,
    microphone: Any,
    walls: tuple[float, int],
    rt60_s: float,
    distance_m: float,
) -> Room:
    absorption, order = walls
    box = acoustics.ShoeBox(
        size, fs=SAMPLE_RATE_HZ, materials=acoustics.Material(absorption), max_order=order
    )
    box.add_source(mouth)
    box.add_microphone(microphone)
    box.compute_rir()
    # The filters that delay by parts of a sample put half their length before everything.
    early = acoustics.constants.get("frac_delay_length") // 2
    response = np.asarray(box.rir[0][0], dtype=np.float32)[early:]
    delay = round(distance_m / acoustics.constants.get("c") * SAMPLE_RATE_HZ)
    return Room(response, delay, rt60_s, distance_m)


def _check(what: str, given: tuple[float, float], lowest: float, highest: float, unit: str) -> None:
    if not lowest <= given[0] <= given[1] <= highest:
        raise ValueError(
            f"{what} from {given[0]:g} to {given[1]:g} {unit} can't be simulated: "
            f"give two numbers between {lowest:g} and {highest:g}, the smaller one first"
        )
