"""Posteriors of every hop of some recordings, inferred once and kept between runs of a benchmark.

The model runs with the gate open throughout. What a gate would have let through is a choice among
those hops, so its settings, and those of the decoder, can be compared without inferring again.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import soundfile
from rich.progress import Progress

from kws_live.config import GateSettings
from kws_live.eval.posteriors import Stored, infer
from kws_live.eval.tracks import read_track
from kws_live.model import Classifier, ModelFolder
from kws_live.stages.gate import Gate
from kws_live.types import SAMPLE_RATE_HZ, UNKNOWN_LABEL, Int16Array, Span

OPEN = GateSettings(enabled=False, mode=0, onset_s=0.0, hangover_s=0.0, preroll_s=0.0)


def every_hop(paths: Sequence[Path], folder: ModelFolder, cache: Path) -> list[Stored]:
    """Return the model's own posteriors (`_unknown_` weighted 1) at each hop of recordings at 16 kHz.

    Args:
        paths: audio files, each with its label track beside it.
        folder: the model.
        cache: folder for the posteriors, a file per recording; one that is there is not inferred again.
    """
    cache.mkdir(parents=True, exist_ok=True)
    missing = [path for path in paths if not (cache / f"{path.stem}.npz").exists()]
    if missing:
        classifier = Classifier(replace(folder, unknown_weight=1.0))
        with Progress() as bar:
            total_s = sum(soundfile.info(path).duration for path in missing)
            task = bar.add_task("inferring", total=total_s)
            for path in missing:
                (one,) = infer(
                    [(path, ())],
                    folder,
                    classifier,
                    OPEN,
                    progress=lambda seconds: bar.advance(task, seconds),
                )
                np.savez(
                    cache / f"{path.stem}.npz",
                    end_samples=one.end_samples,
                    posteriors=one.posteriors,
                    duration_s=one.duration_s,
                    window_samples=one.window_samples,
                )
    return [_read(path, cache / f"{path.stem}.npz") for path in paths]


def weighted(stored: Stored, labels: Sequence[str], unknown_weight: float) -> Stored:
    """Return `stored` with `_unknown_` weighted anew, as `Classifier` does it."""
    posteriors = stored.posteriors.astype(np.float64)
    posteriors[:, list(labels).index(UNKNOWN_LABEL)] *= unknown_weight
    posteriors /= posteriors.sum(axis=1, keepdims=True)
    return replace(stored, posteriors=posteriors.astype(np.float32))


def gated(stored: Stored, audio: Int16Array, gate: GateSettings, hop_samples: int) -> Stored:
    """Return what is left of `stored`, whose samples are `audio`, behind a gate."""
    found = spans(audio, gate)
    hops = [hop for span in found for hop in span.hops(hop_samples)]
    at = np.searchsorted(stored.end_samples, np.array(hops, dtype=np.int64))
    return replace(
        stored,
        end_samples=stored.end_samples[at],
        posteriors=stored.posteriors[at],
        open_s=sum(span.end_sample - span.start_sample for span in found) / SAMPLE_RATE_HZ,
    )


def spans(audio: Int16Array, settings: GateSettings) -> list[Span]:
    """Return the stretches of `audio` that pass a gate."""
    gate = Gate(settings)
    return [thing for thing in (*gate.push(audio), *gate.flush()) if isinstance(thing, Span)]


def read_samples(path: Path) -> Int16Array:
    """Return the samples of a recording at 16 kHz with one channel, int16 [n].

    Raises:
        SystemExit: it has another rate or more channels.
    """
    samples, rate_hz = soundfile.read(path, dtype="int16")
    if rate_hz != SAMPLE_RATE_HZ or samples.ndim != 1:
        raise SystemExit(f"{path} is not 16 kHz mono; `kws-live eval make` writes such streams.")
    result: Int16Array = samples
    return result


def _read(path: Path, kept: Path) -> Stored:
    with np.load(kept) as arrays:
        duration_s = float(arrays["duration_s"])
        return Stored(
            path=path,
            labels=tuple(read_track(path.with_suffix(".txt"))),
            duration_s=duration_s,
            end_samples=arrays["end_samples"],
            posteriors=arrays["posteriors"],
            open_s=duration_s,
            window_samples=int(arrays["window_samples"]),
        )
