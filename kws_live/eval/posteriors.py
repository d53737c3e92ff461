"""What gate and model give for whole recordings, computed once and stored: the input of every sweep."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np
import numpy.typing as npt

from kws_live.config import GateSettings
from kws_live.eval.tracks import Label
from kws_live.model import Classifier, ModelFolder
from kws_live.pipeline import RING_SAMPLES, Intake, Intaken
from kws_live.pool import Pool, in_order, running
from kws_live.sources.files import FileSource
from kws_live.spans import Done, Inferred, started, work_of
from kws_live.stages.ring import Ring
from kws_live.types import SAMPLE_RATE_HZ, Block, Float32Array, Span
from kws_live.work_queue import Work

_BLOCK_FRAMES = 16_000


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
        window_samples: length of a window.
    """

    path: Path
    labels: tuple[Label, ...]
    duration_s: float
    end_samples: npt.NDArray[np.int64]
    posteriors: Float32Array
    open_s: float
    window_samples: int


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
    through are inferred by a pool of threads, as those of the daemon's unpaced input are. One
    classifier serves them all.

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
    with running(workers) as pool:
        return list(_stored(recordings, folder, classifier, gate, pool, progress))


def _stored(
    recordings: Sequence[tuple[Path, tuple[Label, ...]]],
    folder: ModelFolder,
    classifier: Classifier,
    gate: GateSettings,
    pool: Pool,
    progress: Callable[[float], None],
) -> Iterator[Stored]:
    def begun() -> "Iterator[Future[Done] | Done | _End]":
        # All recordings in one row: while the last spans of one are inferred, the next is taken in.
        for path, labels in recordings:
            intake = _Intake(path, folder, gate, progress)
            yield from started(intake.work(), intake.ring, classifier, pool)
            yield _End(path, labels, intake.ring.end_sample, intake.open_samples)

    hops: list[range] = []
    posteriors: list[Float32Array] = [np.zeros((0, len(folder.labels)), dtype=np.float32)]
    for thing in in_order(begun(), pool.ahead):
        match thing:
            case Inferred():
                hops.append(thing.hops)
                posteriors.append(thing.posteriors)
            case _End():
                yield Stored(
                    path=thing.path,
                    labels=thing.labels,
                    duration_s=thing.samples / SAMPLE_RATE_HZ,
                    end_samples=np.fromiter(chain.from_iterable(hops), dtype=np.int64),
                    posteriors=np.concatenate(posteriors),
                    open_s=thing.open_samples / SAMPLE_RATE_HZ,
                    window_samples=folder.window_samples,
                )
                hops.clear()
                del posteriors[1:]


@dataclass(frozen=True, slots=True)
class _End:
    """Everything of a recording has been taken in."""

    path: Path
    labels: tuple[Label, ...]
    samples: int
    open_samples: int


class _Intake:
    """One recording on its way into a ring of its own."""

    def __init__(
        self,
        path: Path,
        folder: ModelFolder,
        gate: GateSettings,
        progress: Callable[[float], None],
    ) -> None:
        self.ring = Ring(RING_SAMPLES)
        self.open_samples = 0
        self._source = FileSource(path, _BLOCK_FRAMES)
        self._intake = Intake(self.ring, gate)
        self._hop_samples = folder.hop_samples
        self._progress = progress

    def work(self) -> Iterator[Work]:
        """Yield the work that the recording makes."""
        for item in self._source.items():
            if isinstance(item, Block):
                yield from self._work(self._intake.write(self._intake.convert(item)))
        yield from self._work(self._intake.finish())

    def _work(self, ready: Iterable[Intaken]) -> Iterator[Work]:
        before = self.ring.end_sample
        yield from work_of(self._counted(ready), self._hop_samples)
        self._progress((self.ring.end_sample - before) / SAMPLE_RATE_HZ)

    def _counted(self, ready: Iterable[Intaken]) -> Iterator[Intaken]:
        for thing in ready:
            if isinstance(thing, Span):
                self.open_samples += thing.end_sample - thing.start_sample
            yield thing
