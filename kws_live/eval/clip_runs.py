"""Clips of single words through the daemon's pipeline, each as a stream of its own.

Before a clip there is digital silence, as before everything that the daemon hears, and behind it as
much as a detection may come late. All of a clip is heard, however long it is; the model's own
guess is made on one window: the clip's middle, or the whole clip between zeros, as in training.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from kws_live.config import EffectiveSettings
from kws_live.errors import InputError
from kws_live.eval.clips import AUDIO_SUFFIXES
from kws_live.eval.match import LATEST_S
from kws_live.eval.word_clips import WordClip, find_word_clips
from kws_live.model import Classifier, ModelFolder
from kws_live.model.classifier import softmax
from kws_live.offline import spot
from kws_live.pool import in_order, running
from kws_live.sources.files import FileSource
from kws_live.stages.frontend import Frontend
from kws_live.types import (
    SAMPLE_RATE_HZ,
    SILENCE_LABEL,
    UNKNOWN_LABEL,
    Block,
    Detection,
    Int16Array,
    SourceItem,
)

_BLOCK_FRAMES = 16_000


@dataclass(frozen=True, slots=True)
class ClipRun:
    """What became of one clip.

    Attributes:
        path: the audio.
        word: what is said in it, spelled as the keyword where it is one.
        label: the class of the model that it belongs to.
        duration_s: its length.
        detections: what was detected in it, in order.
        guess: the label that the model itself, without the prior of running speech, finds most
            likely on one window of it.
        posterior: its posterior there, 0..1.
    """

    path: Path
    word: str
    label: str
    duration_s: float
    detections: tuple[Detection, ...]
    guess: str
    posterior: float


def find_all_clips(folder: Path) -> list[WordClip]:
    """Return the clips of all words, those in the folders `_unknown_` and `_silence_` behind them.

    Raises:
        InputError: there are none.
    """
    special = [
        WordClip(path, name, None)
        for name in (UNKNOWN_LABEL, SILENCE_LABEL)
        for path in sorted((folder / name).glob("*"))
        if path.suffix.lower() in AUDIO_SUFFIXES
    ]
    try:
        return [*find_word_clips(folder), *special]
    except InputError:
        if special:
            return special
        raise


def run_clips(
    clips: Sequence[WordClip],
    folder: ModelFolder,
    classifier: Classifier,
    settings: EffectiveSettings,
    *,
    progress: Callable[[float], None] = lambda clips: None,
    workers: int | None = None,
) -> list[ClipRun]:
    """Run the pipeline over clips, on every core.

    Args:
        clips: the audio, and what is said in it.
        folder: the model's settings.
        classifier: the open model.
        settings: of gate and decoder.
        progress: called on the calling thread with 1 after each clip.
        workers: threads; by default one for each core that this process may use.

    Raises:
        InputError: a clip can't be read or is damaged.
    """
    spelling = {keyword.casefold(): keyword for keyword in folder.keywords}
    known = (*folder.keywords, SILENCE_LABEL)

    def run(clip: WordClip) -> ClipRun:
        hops = spot(_Followed(clip.path), folder, classifier, settings.gate, settings.decoder)
        detections = tuple(hop.detection for hop in hops if hop.detection is not None)
        samples = clip_samples(clip.path)
        posteriors = softmax(classifier.logits(centred_window(samples, folder.window_samples)))
        best = int(posteriors.argmax())
        word = spelling.get(clip.word.casefold(), clip.word)
        return ClipRun(
            path=clip.path,
            word=word,
            label=word if word in known else UNKNOWN_LABEL,
            duration_s=len(samples) / SAMPLE_RATE_HZ,
            detections=detections,
            guess=folder.labels[best],
            posterior=float(posteriors[best]),
        )

    runs: list[ClipRun] = []
    with running(workers) as pool:
        for done in in_order((pool.submit(partial(run, clip)) for clip in clips), pool.ahead):
            runs.append(done)
            progress(1)
    return runs


class _Followed(FileSource):
    """A clip and the silence behind it."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, _BLOCK_FRAMES)

    def items(self) -> Iterator[SourceItem]:
        """Yield the file's blocks, and one of silence.

        Raises:
            InputError: as `FileSource`.
        """
        last: SourceItem | None = None
        for last in super().items():
            yield last
        assert isinstance(last, Block), "a file has no other items, and one at least"
        frames = round(LATEST_S * last.rate_hz)
        silence = np.zeros((frames, last.samples.shape[1]), dtype=np.float32)
        yield Block(silence, last.rate_hz)


def clip_samples(path: Path) -> Int16Array:
    """Return a clip as the ring has it, int16 [n].

    Raises:
        InputError: it can't be read or is damaged.
    """
    frontend = Frontend()
    pieces = [
        frontend.push(item)
        for item in FileSource(path, _BLOCK_FRAMES).items()
        if isinstance(item, Block)
    ]
    return np.concatenate((*pieces, frontend.flush()))


def centred_window(samples: Int16Array, window_samples: int) -> Int16Array:
    """Return the middle of `samples`, or all of it between zeros: int16 [window_samples]."""
    spare = len(samples) - window_samples
    if spare >= 0:
        return samples[spare // 2 : spare // 2 + window_samples]
    window = np.zeros(window_samples, dtype=np.int16)
    window[-spare // 2 : -spare // 2 + len(samples)] = samples
    return window
