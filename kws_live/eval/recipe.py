"""What `kws-live eval make` is asked to make, and which combinations make no sense."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from kws_live.eval.rooms import DEFAULT_DISTANCE_M, DEFAULT_RT60_S
from kws_live.eval.speakers import Half
from kws_live.eval.stream import DEFAULT_GAP_S, DEFAULT_SPEECH_GAP_S


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """Everything that decides a stream but its SNR.

    Attributes:
        clips: folder of words, or None for none.
        clips_list: file that names the clips to use.
        keywords: in the order given; empty for all words of `clips`.
        count: how many keyword clips; None for all.
        negatives: how many clips of other words; None for all.
        half: which half of the speakers, of clips and of speech.
        speech: transcribed speech, a LibriSpeech folder or a table.
        speech_share: which share of the utterances is heard, 0..1.
        keyword_speech: whether utterances that may hold a keyword are marked or dropped.
        noise: a colour, "none", or the path of recordings.
        gap_s: pauses around words.
        speech_gap_s: pauses between utterances.
        words_per_minute: how often words come, instead of `gap_s` or `hours`.
        hours: how long the stream is.
        level_spread_db: how much louder or softer what is said may be.
        rt60_s: reverberation times; None (with `distance_m`) for no room.
        distance_m: distances in the rooms.
        seed: of everything that is drawn.
    """

    clips: Path | None = None
    clips_list: Path | None = None
    keywords: tuple[str, ...] = ()
    count: int | None = None
    negatives: int | None = None
    half: Half | None = None
    speech: Path | None = None
    speech_share: float = 1.0
    keyword_speech: Literal["mark", "drop"] = "mark"
    noise: str = "pink"
    gap_s: tuple[float, float] | None = None
    speech_gap_s: tuple[float, float] | None = None
    words_per_minute: float | None = None
    hours: float | None = None
    level_spread_db: float = 0.0
    rt60_s: tuple[float, float] | None = None
    distance_m: tuple[float, float] | None = None
    seed: int = 0

    def check(self) -> None:
        """Refuse what contradicts itself.

        Raises:
            ValueError: says which options, and what to do.
        """
        if self.words_per_minute and self.hours:
            raise ValueError("--words-per-minute and --hours both set the length: give one of them")
        if self.gap_s and (self.words_per_minute or self.hours) and not self.speech:
            raise ValueError(
                "--gap-s and --words-per-minute or --hours both set the pauses: give one of them"
            )
        if not self.clips:
            for given, option in (
                (self.clips_list, "--clips-list"),
                (self.count, "--count"),
                (self.negatives, "--negatives"),
                (self.words_per_minute, "--words-per-minute"),
                (self.gap_s, "--gap-s"),
            ):
                if given is not None:
                    raise ValueError(f"{option} is about word clips: give --clips DIR too")
            if not self.speech and not self.hours:
                raise ValueError("nothing to make: give --clips, --speech or --hours of noise")
            if self.speech and not self.keywords:
                raise ValueError(
                    "which words are the keywords? Transcripts are searched for them: give "
                    "--keywords WORD,WORD"
                )
        if not self.speech and self.speech_gap_s is not None:
            raise ValueError("--speech-gap-s is about speech: give --speech PATH too")

    @property
    def rooms(self) -> tuple[tuple[float, float], tuple[float, float]] | None:
        """Ranges of reverberation times and distances; None without rooms."""
        if self.rt60_s is None and self.distance_m is None:
            return None
        return self.rt60_s or DEFAULT_RT60_S, self.distance_m or DEFAULT_DISTANCE_M

    @property
    def word_gap_s(self) -> tuple[float, float]:
        """Pauses around words where nothing else decides them."""
        return self.gap_s or DEFAULT_GAP_S

    @property
    def between_utterances_s(self) -> tuple[float, float]:
        """Pauses between utterances."""
        return self.speech_gap_s or DEFAULT_SPEECH_GAP_S
