"""Writing a planned stream: audio, label track and recipe, all of them or none."""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import soundfile
import soxr

from kws_live.errors import OutputError
from kws_live.eval.clips import Clip
from kws_live.eval.stream import DEFAULT_GAP_S, Stream, plan
from kws_live.eval.tracks import Label, write_track
from kws_live.types import SAMPLE_RATE_HZ, Float32Array

MADE_BY = "kws-live eval make"
TRACK_SUFFIX = ".txt"
RECIPE_SUFFIX = ".json"
_AUDIO_SUFFIXES = (".wav", ".flac", ".ogg")
_LARGEST_WAV_BYTES = 4_000_000_000


def splice(
    clips: Sequence[Clip],
    background: Float32Array,
    *,
    snr_db: float,
    gap_s: tuple[float, float] = DEFAULT_GAP_S,
    level_spread_db: float = 0.0,
    seed: int = 0,
) -> tuple[Float32Array, list[Label]]:
    """Return the stream of `plan` (see there) as float32 [n] at 16 kHz, with its labels."""
    stream = plan(
        clips, background, snr_db=snr_db, gap_s=gap_s, level_spread_db=level_spread_db, seed=seed
    )
    return np.concatenate(list(stream.blocks())), stream.labels


def write_stream(
    stream: Stream,
    path: Path,
    *,
    rate_hz: int = SAMPLE_RATE_HZ,
    channels: int = 1,
    recipe: Mapping[str, object] | None = None,
    progress: Callable[[int], None] = lambda samples: None,
) -> int:
    """Write `stream` to `path` as 16-bit audio and its labels beside it with the suffix .txt.

    The files appear under their names when all of them are whole.

    Args:
        stream: what to write.
        path: its suffix sets the format: .wav, .flac or .ogg.
        rate_hz: of the file; other rates than 16 kHz are resampled.
        channels: all carry the same signal.
        recipe: if given, written as JSON beside the audio, with what came of it added.
        progress: called with the number of 16 kHz samples written since the last call.

    Returns:
        How many samples were beyond full scale and had to be clipped.

    Raises:
        InputError: what is to be spliced can't be read any more.
        OutputError: a file can't be written.
    """
    file_bytes = stream.length_samples / SAMPLE_RATE_HZ * rate_hz * channels * 2
    if path.suffix.lower() == ".wav" and file_bytes > _LARGEST_WAV_BYTES:
        raise OutputError(f"can't write {path}: a WAV file ends at 4 GB. Use .flac")
    with _staged(path) as staged:
        try:
            clipped = _write_audio(stream, staged, rate_hz, channels, progress)
        except (OSError, ValueError, TypeError, soundfile.SoundFileError, AssertionError) as error:
            # soundfile asserts that all was written, and that is how a full disk shows.
            reason = str(error).replace(str(staged), path.name) or "is the disk full?"
            raise OutputError(f"can't write {path}: {reason}") from error
        track = staged.with_suffix(TRACK_SUFFIX)
        write_track(track, stream.labels)
        if recipe is not None:
            outcome = {
                "duration_s": stream.length_samples / SAMPLE_RATE_HZ,
                "clipped_samples": clipped,
                "audio_sha256": _sha256(staged),
                "labels_sha256": _sha256(track),
            }
            text = json.dumps({**recipe, **outcome}, indent=2, ensure_ascii=False)
            staged.with_suffix(RECIPE_SUFFIX).write_text(f"{text}\n", encoding="utf-8")
    return clipped


def check_place(path: Path) -> None:
    """Refuse a `path` at which no stream can be written, or where something else would be lost.

    Raises:
        OutputError: an unknown ending, no such folder, something that is no regular file, or a file
            that lies there and that this command did not make.
    """
    if path.suffix.lower() not in _AUDIO_SUFFIXES:
        raise OutputError(
            f"can't write {path}: unknown ending {path.suffix!r}. Use .wav, .flac or .ogg"
        )
    if not path.parent.is_dir():
        raise OutputError(f"can't write {path}: there is no folder {path.parent}. Make it first")
    ours = _made_here(path.with_suffix(RECIPE_SUFFIX))
    for file in (path, path.with_suffix(TRACK_SUFFIX), path.with_suffix(RECIPE_SUFFIX)):
        if not os.path.lexists(file):
            continue
        if not file.is_file() or file.is_symlink():
            raise OutputError(f"can't write {file}: it is no regular file. Give another --out")
        if not ours:
            raise OutputError(
                f"{file} exists, and no recipe says that {MADE_BY!r} made it. Remove it or give "
                "another --out"
            )


def _made_here(recipe: Path) -> bool:
    try:
        document = json.loads(recipe.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(document, dict) and document.get("made_by") == MADE_BY


@contextmanager
def _staged(path: Path) -> Iterator[Path]:
    """Yield a path in a hidden folder beside `path`; what lies there at the end moves out.

    The audio is moved last: where it is, its labels are.

    Raises:
        OutputError: the folder can't be made, written to or left.
    """
    try:
        folder = Path(tempfile.mkdtemp(prefix=f".{path.name}-", dir=path.parent))
        try:
            yield folder / path.name
            for staged in sorted(folder.iterdir(), key=lambda file: file.name == path.name):
                os.replace(staged, path.with_name(staged.name))
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    except OSError as error:
        raise OutputError(f"can't write {path}: {error.strerror or error}") from error


def _write_audio(
    stream: Stream, path: Path, rate_hz: int, channels: int, progress: Callable[[int], None]
) -> int:
    resampler = soxr.ResampleStream(SAMPLE_RATE_HZ, rate_hz, 1, dtype="float32")
    clipped = written = 0
    with soundfile.SoundFile(path, "w", rate_hz, channels) as file:
        for block in stream.blocks():
            clipped += int(np.count_nonzero(np.abs(block) > 1.0))
            audio = resampler.resample_chunk(block) if rate_hz != SAMPLE_RATE_HZ else block
            file.write(np.repeat(audio[:, None], channels, axis=1))
            written += len(audio)
            progress(len(block))
        if rate_hz != SAMPLE_RATE_HZ:
            tail = resampler.resample_chunk(np.zeros(0, dtype=np.float32), last=True)
            file.write(np.repeat(tail[:, None], channels, axis=1))
            written += len(tail)
    with soundfile.SoundFile(path) as file:
        # libsndfile says nothing when the disk is full as it closes a file.
        file.seek(written - 1)
        if len(file.read(1)) != 1:
            raise OSError("its end is missing; is the disk full?")
    return clipped


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
