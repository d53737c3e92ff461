"""Splicing words into background at known times: audio and label track.

python -m kws_live.eval.splice --clips DIR --background DIR --snr-db 10 --out stream.wav
"""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import click
import numpy as np
import soundfile
import soxr
from rich.console import Console
from rich.progress import Progress, track

from kws_live.errors import InputError, KwsLiveError, OutputError
from kws_live.eval.clips import Clip, find_clips, read_background, read_clip
from kws_live.eval.mixing import active_rms
from kws_live.eval.noise import generate_noise
from kws_live.eval.stream import DEFAULT_GAP_S, Stream, gap_for_rate, plan
from kws_live.eval.tracks import Label, write_track
from kws_live.types import SAMPLE_RATE_HZ, Float32Array

_GENERATED_BACKGROUND_S = 60


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
    progress: Callable[[int], None] = lambda samples: None,
) -> int:
    """Write `stream` to `path` as 16-bit audio and its labels beside it with the suffix .txt.

    Args:
        stream: what to write.
        path: its suffix sets the format: .wav, .flac or .ogg.
        rate_hz: of the file; other rates than 16 kHz are resampled.
        channels: all carry the same signal.
        progress: called with the number of 16 kHz samples written since the last call.

    Returns:
        How many samples were beyond full scale and had to be clipped.

    Raises:
        OutputError: a file can't be written.
    """
    resampler = soxr.ResampleStream(SAMPLE_RATE_HZ, rate_hz, 1, dtype="float32")
    clipped = 0
    try:
        with soundfile.SoundFile(path, "w", rate_hz, channels) as file:
            for block in stream.blocks():
                clipped += int(np.count_nonzero(np.abs(block) > 1.0))
                audio = resampler.resample_chunk(block) if rate_hz != SAMPLE_RATE_HZ else block
                file.write(np.repeat(audio[:, None], channels, axis=1))
                progress(len(block))
            if rate_hz != SAMPLE_RATE_HZ:
                tail = resampler.resample_chunk(np.zeros(0, dtype=np.float32), last=True)
                file.write(np.repeat(tail[:, None], channels, axis=1))
    except (OSError, ValueError, TypeError, soundfile.SoundFileError) as error:
        raise OutputError(f"can't write {path}: {error}") from error
    write_track(path.with_suffix(".txt"), stream.labels)
    return clipped


@click.command()
@click.option(
    "--clips",
    "clips_folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    required=True,
    help="Folder of WORD/*.wav, .flac or .ogg; sub-folders that begin with _ are left out.",
)
@click.option(
    "--background",
    "background_path",
    type=click.Path(exists=True, path_type=Path),
    help="Recording, or folder of recordings, to loop. Generated pink noise if not given.",
)
@click.option("--snr-db", type=float, default=20.0, show_default=True)
@click.option(
    "--gap-s",
    type=click.FloatRange(min=0.0),
    nargs=2,
    help="Shortest and longest pause between words.  [default: 0.8 1.5]",
)
@click.option(
    "--words-per-minute",
    type=click.FloatRange(min=0.0, min_open=True),
    help="How fast the words come, instead of --gap-s.",
)
@click.option(
    "--count", type=click.IntRange(min=1), help="How many clips to draw; all if not given."
)
@click.option(
    "--rate-hz", type=click.IntRange(8_000, 192_000), default=SAMPLE_RATE_HZ, show_default=True
)
@click.option("--channels", type=click.IntRange(1, 8), default=1, show_default=True)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    help=".wav, .flac or .ogg; the label track goes beside it as .txt.",
)
def main(
    clips_folder: Path,
    background_path: Path | None,
    snr_db: float,
    gap_s: tuple[float, float] | None,
    words_per_minute: float | None,
    count: int | None,
    rate_hz: int,
    channels: int,
    seed: int,
    out: Path,
) -> None:
    """Splice word clips, in an order drawn by the seed, into background, and label them."""
    if gap_s and words_per_minute:
        raise click.UsageError(
            "--gap-s and --words-per-minute both set the pauses: give one of them"
        )
    console = Console(stderr=True)
    try:
        clips = _draw_clips(clips_folder, count, seed, console)
        if background_path:
            background = read_background(background_path)
        else:
            background = generate_noise("pink", _GENERATED_BACKGROUND_S * SAMPLE_RATE_HZ, seed)
        try:
            if words_per_minute:
                gap_s = gap_for_rate(clips, words_per_minute)
            stream = plan(clips, background, snr_db=snr_db, gap_s=gap_s or DEFAULT_GAP_S, seed=seed)
        except ValueError as error:
            raise click.UsageError(str(error)) from error
        with Progress(console=console) as progress:
            task = progress.add_task(f"writing {out}", total=stream.length_samples)
            clipped = write_stream(
                stream,
                out,
                rate_hz=rate_hz,
                channels=channels,
                progress=lambda samples: progress.advance(task, samples),
            )
    except KwsLiveError as error:
        console.print(f"error: {error}", style="red", markup=False)
        sys.exit(error.exit_code)
    minutes = stream.length_samples / SAMPLE_RATE_HZ / 60.0
    console.print(f"{len(clips)} words in {minutes:.1f} min: {out} and {out.with_suffix('.txt')}")
    if clipped:
        console.print(
            f"warning: {clipped} samples were beyond full scale: raise --snr-db", style="yellow"
        )


def _draw_clips(folder: Path, count: int | None, seed: int, console: Console) -> list[Clip]:
    """Return up to `count` clips that are not silent, in an order drawn by `seed`."""
    paths = find_clips(folder)
    order = np.random.default_rng(seed).permutation(len(paths))
    clips: list[Clip] = []
    silent = 0
    for index in track(order, "reading clips", total=count or len(order), console=console):
        if count is not None and len(clips) == count:
            break
        clip = read_clip(paths[index])
        if active_rms(clip.samples) > 0.0:
            clips.append(clip)
        else:
            silent += 1
    if silent:
        console.print(f"left out {silent} silent clips")
    if not clips:
        raise InputError(f"every clip in {folder} is silent")
    return clips


if __name__ == "__main__":
    main()
