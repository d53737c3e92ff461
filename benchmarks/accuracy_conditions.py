"""Test clips in noise and in rooms, the same ones each time.

What is drawn for a clip depends on the seeds below and on its place among the clips, on nothing else.
No recipe of training uses these seeds.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

import numpy as np

from benchmarks.accuracy_windows import Integers, Windows, to_float, to_int16
from kws_live.errors import InputError
from kws_live.eval.clips import find_audio, read_mono
from kws_live.eval.mixing import active_rms, mix_at_snr
from kws_live.eval.rooms import Room
from kws_live.types import SAMPLE_RATE_HZ, Float32Array

SNR_DB = 10.0
RT60_S = (0.3, 0.8)
DISTANCE_M = (1.0, 4.0)
ROOMS = 80
NOISE_SEED = 810_210_001
ROOM_SEED = 810_210_002

_STEP_SAMPLES = SAMPLE_RATE_HZ // 10
_HEARD_DB = 20.0
"""A second this far below the loudest of its recording is a pause in it, and no noise."""


@dataclass(frozen=True)
class Noise:
    """A recording of noise.

    Attributes:
        name: of the kind and the file.
        samples: float32 [n] at 16 kHz.
        starts: int64, where its seconds begin in which something sounds.
    """

    name: str
    samples: Float32Array
    starts: Integers


def find_noise(
    folders: Sequence[Path], kinds: Sequence[str], window_samples: int
) -> dict[str, list[Noise]]:
    """Return the recordings of each kind of noise.

    Args:
        folders: searched with all that is in them.
        kinds: each a pattern (`chainsaw`, `*-41.wav`) that the name of a file, or of a folder on the way
            to it, must match.
        window_samples: length of what is drawn of them.

    Raises:
        InputError: a kind has no recording, or one can't be read.
    """
    found = {
        kind: [
            _noise(f"{kind}/{path.name}", read_mono(path), window_samples)
            for folder in folders
            for path in find_audio(folder)
            if any(fnmatchcase(part, kind) for part in _way(folder, path))
        ]
        for kind in kinds
    }
    for kind, recordings in found.items():
        if not recordings:
            raise InputError(
                f"no noise of the kind {kind!r} in {', '.join(map(str, folders))}: put its recordings in a "
                "folder of that name, or name a pattern of their file names with --noise-kinds"
            )
    return found


def in_noise(
    clean: Windows, noises: Mapping[str, Sequence[Noise]], silence: int, snr_db: float = SNR_DB
) -> Windows:
    """Return each window once in each kind of noise.

    The noise of a second stands `snr_db` below the active level of the word in it. Where nobody
    speaks it is as loud as it is around the middle one of the words.

    Args:
        clean: the windows.
        noises: recordings by kind; the kinds are the groups of the result.
        silence: the label under which nobody speaks.
        snr_db: speech-active RMS to noise RMS.
    """
    spoken = to_float(clean.samples)
    levels = [active_rms(window) for window in spoken[clean.targets != silence]]
    middle = float(np.median(levels)) if levels else 0.0
    mixed, names = [], []
    for number, recordings in enumerate(noises.values()):
        for at, (window, target) in enumerate(zip(spoken, clean.targets, strict=True)):
            rng = np.random.default_rng((NOISE_SEED, number, at))
            noise = recordings[int(rng.integers(len(recordings)))]
            second = _cut(noise.samples, int(rng.choice(noise.starts)), len(window))
            if target == silence:
                rms = float(np.sqrt(np.mean(np.square(second))))
                gain = middle / rms * 10.0 ** (-snr_db / 20.0) if rms else 0.0
                mixed.append(to_int16(window + second * np.float32(gain)))
            else:
                mixed.append(to_int16(mix_at_snr(window, second, snr_db)))
            names.append(noise.name)
    kinds = len(noises)
    return Windows(
        np.stack(mixed),
        np.tile(clean.targets, kinds),
        {"speaker": list(clean.clusters["speaker"]) * kinds, "recording of noise": names},
        [kind for kind in noises for _ in range(len(clean))],
    )


def in_rooms(clean: Windows, rooms: Sequence[Room]) -> Windows:
    """Return each window as it is heard in one of the rooms.

    The word stays where it is, its reverberation ends with the window, and what arrives has the
    active level of what was said: the microphone is set for the room.
    """
    heard, names = [], []
    for at, window in enumerate(to_float(clean.samples)):
        number = int(np.random.default_rng((ROOM_SEED, at)).integers(len(rooms)))
        room = rooms[number]
        wet = room.hear(window)[room.delay_samples :][: len(window)]
        level = active_rms(wet)
        heard.append(to_int16(wet * np.float32(active_rms(window) / level if level else 1.0)))
        names.append(str(number))
    return Windows(
        np.stack(heard),
        clean.targets,
        {"speaker": clean.clusters["speaker"], "room": names},
    )


def _noise(name: str, samples: Float32Array, window_samples: int) -> Noise:
    starts = np.arange(0, max(1, len(samples) - window_samples + 1), _STEP_SAMPLES)
    seconds = [_cut(samples, int(start), window_samples) for start in starts]
    rms = np.array([np.sqrt(np.mean(np.square(second))) for second in seconds])
    return Noise(name, samples, starts[rms >= rms.max() * 10.0 ** (-_HEARD_DB / 20.0)])


def _cut(samples: Float32Array, start: int, length: int) -> Float32Array:
    """Return [start, start + length) of a recording, which begins anew where it ends."""
    return samples.take(np.arange(start, start + length), mode="wrap")


def _way(folder: Path, path: Path) -> tuple[str, ...]:
    if path == folder:
        return folder.parent.name, folder.name
    return folder.name, *path.relative_to(folder).parts
