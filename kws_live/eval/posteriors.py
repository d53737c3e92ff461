"""What gate and model give for whole recordings, computed once and stored: the input of every sweep."""

import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from kws_live.config import GateSettings
from kws_live.eval.tracks import Label
from kws_live.model import Classifier, ModelFolder
from kws_live.pipeline import RING_SAMPLES, Intake
from kws_live.sources.files import FileSource
from kws_live.stages.ring import Ring
from kws_live.types import SAMPLE_RATE_HZ, Block, Float32Array, Int16Array, Span

_BLOCK_FRAMES = 16_000
_BATCH_HOPS = 32
"""Windows a worker gets at a time: some 70 ms of work, and 1 MB that waits."""
_BATCHES_PER_WORKER = 4


@dataclass(frozen=True, slots=True)
class Stored:
    """What gate and model gave for one recording.

    Attributes:
        path: the audio.
        labels: what is said in it, and when; none for a recording without any of the words.
        duration_s: its length.
        end_samples: int64 [n], ends of the windows that were inferred, ascending.
        posteriors: float32 [n, labels], the softmax output for each of them.
        open_s: how much of it passed the gate.
    """

    path: Path
    labels: tuple[Label, ...]
    duration_s: float
    end_samples: npt.NDArray[np.int64]
    posteriors: Float32Array
    open_s: float


def infer(
    recordings: Sequence[tuple[Path, tuple[Label, ...]]],
    folder: ModelFolder,
    classifier: Classifier,
    gate: GateSettings,
    *,
    progress: Callable[[float], None] = lambda seconds: None,
    workers: int | None = None,
) -> list[Stored]:
    """Run the daemon's resampler, gate and model over recordings, on every core.

    The gate goes through a recording in sequence, on the calling thread; the windows that it lets
    through are inferred by a pool of threads, which ONNX Runtime lets run side by side. One
    classifier serves them all, so the posteriors are those of the daemon, bit for bit.

    Args:
        recordings: audio files, each with its labels.
        folder: the model's settings.
        classifier: the open model.
        gate: settings of the voice-activity gate.
        progress: called on the calling thread with the seconds of audio that were taken in since
            the last call; in all, the sum of the durations.
        workers: threads; by default one for each core that this process may use.

    Raises:
        InputError: a recording is missing, unreadable or damaged.
    """
    count = workers or len(os.sched_getaffinity(0))
    pool = ThreadPoolExecutor(count, thread_name_prefix="kws-eval")
    try:
        return [
            _infer_one(path, labels, folder, classifier, gate, pool, count, progress)
            for path, labels in recordings
        ]
    finally:
        pool.shutdown(cancel_futures=True)


def _infer_one(
    path: Path,
    labels: tuple[Label, ...],
    folder: ModelFolder,
    classifier: Classifier,
    gate: GateSettings,
    pool: ThreadPoolExecutor,
    workers: int,
    progress: Callable[[float], None],
) -> Stored:
    ring = Ring(RING_SAMPLES)
    ends: list[int] = []
    batch: list[Int16Array] = []
    waiting: deque[Future[list[Float32Array]]] = deque()
    inferred: list[Float32Array] = []
    open_samples = 0

    def submit() -> None:
        waiting.append(pool.submit(_posteriors, classifier, batch.copy()))
        batch.clear()
        if len(waiting) > workers * _BATCHES_PER_WORKER:
            inferred.extend(waiting.popleft().result())

    for span in _spans(FileSource(path, _BLOCK_FRAMES), ring, Intake(ring, gate), progress):
        open_samples += span.end_sample - span.start_sample
        for hop_sample in span.hops(folder.hop_samples):
            window = ring.read(hop_sample - folder.window_samples, hop_sample)
            assert window is not None, "audio is taken from the ring as soon as it is there"
            ends.append(hop_sample)
            batch.append(window)
            if len(batch) == _BATCH_HOPS:
                submit()
    submit()
    for future in waiting:
        inferred.extend(future.result())
    return Stored(
        path=path,
        labels=labels,
        duration_s=ring.end_sample / SAMPLE_RATE_HZ,
        end_samples=np.array(ends, dtype=np.int64),
        posteriors=np.array(inferred, dtype=np.float32).reshape(len(ends), len(folder.labels)),
        open_s=open_samples / SAMPLE_RATE_HZ,
    )


def _spans(
    source: FileSource, ring: Ring, intake: Intake, progress: Callable[[float], None]
) -> Iterator[Span]:
    for item in source.items():
        if isinstance(item, Block):
            before = ring.end_sample
            for thing in intake.write(intake.convert(item)):
                if isinstance(thing, Span):
                    yield thing
            progress((ring.end_sample - before) / SAMPLE_RATE_HZ)
    before = ring.end_sample
    for thing in intake.finish():
        if isinstance(thing, Span):
            yield thing
    progress((ring.end_sample - before) / SAMPLE_RATE_HZ)


def _posteriors(classifier: Classifier, windows: Sequence[Int16Array]) -> list[Float32Array]:
    return [classifier.posteriors(window) for window in windows]
