"""From a recipe to a planned stream: what is said, drawn and put in order, and what it is heard over.

Words, speech, rooms and pauses are drawn by generators of their own: another noise or other pauses leave
the words and their order as they are.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kws_live.errors import InputError
from kws_live.eval.clips import find_audio, read_background
from kws_live.eval.drawing import Progress, Reader
from kws_live.eval.noise import COLOURS, generate_noise
from kws_live.eval.recipe import Recipe
from kws_live.eval.segments import Segment
from kws_live.eval.speakers import in_half
from kws_live.eval.stream import MARGIN_S, Stream, arrange, gap_for_rate
from kws_live.eval.transcripts import keywords_in, read_transcripts
from kws_live.eval.word_clips import find_word_clips, only_listed, parted
from kws_live.types import SAMPLE_RATE_HZ, Float32Array

_GENERATED_S = 60
_NAME_CLIPS = "Name the files SPEAKER_nohash_N, or put a folder per speaker into each word's folder"
_NAME_SPEECH = "Give the table a column `speaker`"


@dataclass(frozen=True, slots=True, kw_only=True)
class Composition:
    """What is said in what order, over what.

    Attributes:
        segments: words and utterances, in order.
        background: float32 [m] at 16 kHz, to be looped.
        keywords: those of the recipe, else all words of its clips.
        gap_s: pauses around words.
        speech_gap_s: pauses between utterances.
        level_spread_db: of the segments.
        seed: of pauses and levels.
        at_least_samples: shortest length of the stream.
        sources_sha256: for clips, speech and noise, of the names and contents of the files used.
        warnings: what the user should know.
    """

    segments: tuple[Segment, ...]
    background: Float32Array
    keywords: tuple[str, ...]
    gap_s: tuple[float, float]
    speech_gap_s: tuple[float, float]
    level_spread_db: float
    seed: int
    at_least_samples: int
    sources_sha256: dict[str, str]
    warnings: tuple[str, ...]

    def stream(self, snr_db: float) -> Stream:
        """Return the stream at an SNR; at another one only the level of the background differs.

        Raises:
            ValueError: impossible pauses.
        """
        return arrange(
            self.segments,
            self.background,
            snr_db=snr_db,
            gap_s=self.gap_s,
            speech_gap_s=self.speech_gap_s,
            level_spread_db=self.level_spread_db,
            seed=self.seed,
            at_least_samples=self.at_least_samples,
        )

    @property
    def counts(self) -> dict[str, object]:
        """How many clips of each keyword and of other words, utterances, and spans of each `?word`."""
        said = Counter(s.word for s in self.segments if s.word is not None)
        speech = [s for s in self.segments if s.word is None]
        spans = Counter(f"?{word}" for s in self.segments if s.audible for word in s.may_hold)
        return {
            "keywords": {word: said[word] for word in self.keywords},
            "other_words": sum(n for word, n in said.items() if word not in self.keywords),
            "utterances": sum(s.audible for s in speech),
            "utterances_not_heard": sum(not s.audible for s in speech),
            "uncertain_spans": dict(sorted(spans.items())),
        }


def compose(recipe: Recipe, progress: Progress = lambda stage, done, total: None) -> Composition:
    """Return what `recipe` asks for; reads every clip and utterance once to measure it.

    Raises:
        InputError: something to read is missing or unreadable, or nothing is left to say.
        ValueError: the recipe contradicts itself or can't be met.
    """
    recipe.check()
    background, noise_files = _background(recipe)
    reader = Reader(recipe, progress)
    keywords, words = _words(recipe, reader)
    hours, gap_s = recipe.hours, recipe.word_gap_s
    if recipe.words_per_minute:
        hours = len(words) / recipe.words_per_minute / 60.0
    if words and hours is not None and not recipe.speech:
        gap_s = gap_for_rate(words, len(words) / (60.0 * hours))
    speech: list[Segment] = []
    if recipe.speech:
        speech = _speech(recipe, keywords, reader, None if hours is None else hours * 3600.0, words)
    files = {"clips": reader.clips, "speech": reader.utterances, "noise": noise_files}
    return Composition(
        segments=tuple(_spread(words, speech)),
        background=background,
        keywords=keywords,
        gap_s=gap_s,
        speech_gap_s=recipe.between_utterances_s,
        level_spread_db=recipe.level_spread_db,
        seed=recipe.seed,
        at_least_samples=round((hours or 0.0) * 3600.0 * SAMPLE_RATE_HZ),
        sources_sha256={name: _sha256(paths) for name, paths in files.items() if paths},
        warnings=tuple(reader.warnings),
    )


def _background(recipe: Recipe) -> tuple[Float32Array, list[Path]]:
    if recipe.noise == "none":
        return np.zeros(0, dtype=np.float32), []
    for colour in COLOURS:
        if recipe.noise == colour:
            return generate_noise(colour, _GENERATED_S * SAMPLE_RATE_HZ, recipe.seed), []
    path = Path(recipe.noise)
    if not path.exists():
        raise InputError(
            f"no noise at {path}: give a recording, a folder of them, {', '.join(COLOURS)} or none"
        )
    return read_background(path), find_audio(path)


def _words(recipe: Recipe, reader: Reader) -> tuple[tuple[str, ...], list[Segment]]:
    """Return the keywords, and the words in the order in which they are said."""
    if recipe.clips is None:
        return recipe.keywords, []
    clips = find_word_clips(recipe.clips)
    if recipe.clips_list:
        clips = only_listed(clips, recipe.clips, recipe.clips_list)
    if recipe.half:
        clips = in_half(clips, recipe.half)
        reader.warn_of_nameless(clips, "clips", _NAME_CLIPS)
    keywords = recipe.keywords or tuple(sorted({clip.word for clip in clips}))
    said, others = parted(clips, keywords)
    rng = np.random.default_rng(recipe.seed)
    words = reader.draw_clips(said, recipe.count, keywords, rng)
    if not words:
        raise InputError(
            f"no clip is left of {recipe.clips}: those of this half, list and keywords are silent, "
            "or there are none"
        )
    words += reader.draw_clips(others, recipe.negatives, keywords, rng)
    return keywords, [words[index] for index in rng.permutation(len(words))]


def _speech(
    recipe: Recipe,
    keywords: Sequence[str],
    reader: Reader,
    length_s: float | None,
    words: Sequence[Segment],
) -> list[Segment]:
    """Return the utterances in order: each once, or as many as `length_s` has room for."""
    assert recipe.speech is not None
    utterances = read_transcripts(recipe.speech)
    if recipe.half:
        utterances = in_half(utterances, recipe.half)
        reader.warn_of_nameless(utterances, "utterances", _NAME_SPEECH)
    if recipe.keyword_speech == "drop":
        utterances = [u for u in utterances if not keywords_in(u.text, keywords)]
    if not utterances:
        raise InputError(
            f"no utterance is left of {recipe.speech}: every one holds a keyword, or "
            "the half asked for is empty"
        )
    mean_gap_s = sum(recipe.between_utterances_s) / 2.0
    left_s = np.inf if length_s is None else length_s - _time_s(words, recipe)
    if left_s <= 0.0:
        raise ValueError(
            f"the words alone take {_time_s(words, recipe) / 3600.0:.2f} h: ask for more "
            "--hours, fewer --words-per-minute or a lower --count"
        )
    total = len(utterances) if length_s is None else round(left_s)
    rng = np.random.default_rng(recipe.seed)
    known: dict[Path, Segment | None] = {}
    speech: list[Segment] = []
    spoken_s = 0.0
    while spoken_s < left_s:
        for index in rng.permutation(len(utterances)):
            utterance = utterances[index]
            if utterance.path not in known:
                known[utterance.path] = reader.utterance(utterance, keywords)
            segment = known[utterance.path]
            if segment is None:
                continue
            heard = recipe.speech_share >= 1.0 or rng.uniform() < recipe.speech_share
            speech.append(segment if heard else segment.hushed())
            spoken_s += segment.active_samples / SAMPLE_RATE_HZ + mean_gap_s
            reader.speech_progress(len(speech) if length_s is None else round(spoken_s), total)
            if spoken_s >= left_s:
                break
        if not speech:
            raise InputError(f"every utterance of {recipe.speech} is silent")
        if length_s is None:
            break
    return speech


def _time_s(words: Sequence[Segment], recipe: Recipe) -> float:
    """Return how much longer `words` make the speech; each parts two utterances by two pauses."""
    active_s = sum(word.active_samples for word in words) / SAMPLE_RATE_HZ
    pauses_s = sum(recipe.word_gap_s) - sum(recipe.between_utterances_s) / 2.0
    return 2.0 * MARGIN_S + active_s + len(words) * max(0.0, pauses_s)


def _spread(words: Sequence[Segment], speech: Sequence[Segment]) -> list[Segment]:
    """Return both in their orders, the words spread evenly over the time of the speech."""
    ends = np.cumsum([segment.active_samples for segment in speech], dtype=np.float64)
    middles = [
        (end - s.active_samples / 2.0) / ends[-1] for end, s in zip(ends, speech, strict=True)
    ]
    shares = [(index + 0.5) / len(words) for index in range(len(words))]
    both = [*zip(middles, speech, strict=True), *zip(shares, words, strict=True)]
    return [segment for _, segment in sorted(both, key=lambda pair: pair[0])]


def _sha256(paths: Iterable[Path]) -> str:
    """Return the hash of the files' names (with their folders') and contents, ordered by path."""
    digest = hashlib.sha256()
    for path in sorted(set(paths)):
        digest.update(f"{path.parent.name}/{path.name}\0".encode())
        try:
            digest.update(path.read_bytes())
        except OSError as error:
            raise InputError(f"can't read {path}: {error.strerror}") from error
    return digest.hexdigest()
