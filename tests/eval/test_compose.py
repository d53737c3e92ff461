"""What a recipe becomes: words, speech and noise in order, for any choice of options."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.corpus import burst, write_librispeech, write_words

from kws_live.errors import InputError
from kws_live.eval.compose import Composition, compose
from kws_live.eval.mixing import active_rms
from kws_live.eval.recipe import Recipe
from kws_live.eval.stream import Stream
from kws_live.types import SAMPLE_RATE_HZ, Float32Array

KEYWORDS = ("yes", "no")
SPEAKERS = ("0132a06d", "012c8314", "3e", "84")
TEXTS = ("I KNOW THAT", "GO UPON IT", "YES OR NO", "MISTER QUILTER")


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_words(tmp_path_factory.mktemp("clips"), ("yes", "no", "bed", "cat"), SPEAKERS)


@pytest.fixture(scope="module")
def speech(tmp_path_factory: pytest.TempPathFactory) -> Path:
    said = {speaker: TEXTS for speaker in ("84", "1272", "2035")}
    return write_librispeech(tmp_path_factory.mktemp("speech"), said)


def render(stream: Stream) -> Float32Array:
    return np.concatenate(list(stream.blocks()))


def words(made: Composition) -> list[str]:
    return [segment.word for segment in made.segments if segment.word is not None]


def files(made: Composition) -> list[Float32Array]:
    return [segment.read() for segment in made.segments]


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    keywords=st.sampled_from([(), ("yes",), ("no", "yes")]),
    count=st.one_of(st.none(), st.integers(1, 9)),
    negatives=st.one_of(st.none(), st.integers(0, 9)),
    half=st.sampled_from([None, "A", "B"]),
    spoken=st.booleans(),
    speech_share=st.sampled_from([0.5, 1.0]),
    keyword_speech=st.sampled_from(["mark", "drop"]),
    gap_s=st.one_of(st.none(), st.sampled_from([(0.0, 0.0), (0.2, 1.0)])),
    level_spread_db=st.sampled_from([0.0, 6.0]),
    snr_db=st.sampled_from([0.0, 20.0]),
    seed=st.integers(0, 3),
)
def test_whatever_the_options_labels_are_where_the_words_are(
    clips: Path,
    speech: Path,
    spoken: bool,
    snr_db: float,
    **options: Any,
) -> None:
    """Within the stream, one active part after the other, marked speech nowhere dropped from it."""
    recipe = replace(Recipe(clips=clips, speech=speech if spoken else None), **options)
    made = compose(recipe)
    stream = made.stream(snr_db)
    end_s = stream.length_samples / SAMPLE_RATE_HZ
    assert all(0.0 <= label.start_s < label.end_s <= end_s for label in stream.labels)
    extents = sorted(
        (
            start := placed.start_sample - placed.cut_samples + placed.segment.active_start,
            start + placed.segment.active_samples,
        )
        for placed in stream.placed
    )
    assert all(first[1] <= second[0] for first, second in pairwise(extents))
    assert [label.text for label in stream.labels if not label.uncertain] == words(made)
    if recipe.keyword_speech == "drop" or not spoken:
        assert not any(label.uncertain for label in stream.labels)
    assert np.array_equal(render(stream), render(compose(recipe).stream(snr_db)))


def test_the_two_halves_share_no_speaker_and_lose_none(clips: Path, speech: Path) -> None:
    """Neither a word's nor an utterance's: together they are the whole."""
    recipe = Recipe(clips=clips, speech=speech, keywords=KEYWORDS)
    counts = [compose(replace(recipe, half=half)).counts["utterances"] for half in ("A", "B", None)]
    assert counts[0] + counts[1] == counts[2] == 12  # type: ignore[operator]
    halves = [compose(replace(recipe, half=half)) for half in ("A", "B")]
    assert len(words(halves[0])) + len(words(halves[1])) == 16
    pitches = [
        {int(np.argmax(np.abs(np.fft.rfft(s.read(), 16_000)))) for s in half.segments if s.word}
        for half in halves
    ]
    assert pitches[0].isdisjoint(pitches[1])


def test_a_word_that_only_the_other_half_says_is_no_error(tmp_path: Path) -> None:
    """Unless it was asked for by name."""
    folder = write_words(tmp_path, ("yes",), ("84", "1272"))
    write_words(tmp_path, ("no",), ("84",))
    assert compose(Recipe(clips=folder, half="B")).keywords == ("yes",)
    with pytest.raises(InputError, match="no clip of 'no'"):
        compose(Recipe(clips=folder, half="B", keywords=KEYWORDS))


def test_another_noise_or_pause_leaves_the_words_in_their_order(clips: Path) -> None:
    """So that conditions can be compared word by word."""
    recipe = Recipe(clips=clips, seed=5)
    first = compose(recipe)
    for change in ({"noise": "white"}, {"gap_s": (0.1, 0.2)}, {"level_spread_db": 3.0}):
        other = compose(replace(recipe, **change))
        assert all(np.array_equal(a, b) for a, b in zip(files(first), files(other), strict=True))
    assert words(compose(replace(recipe, seed=6))) != words(first)


def test_streams_at_two_snrs_differ_in_the_background_alone(clips: Path) -> None:
    """Same words, same times, same levels."""
    made = compose(Recipe(clips=clips))
    loud, soft = made.stream(0.0), made.stream(20.0)
    assert loud.placed == soft.placed
    assert loud.background_gain == pytest.approx(10.0 * soft.background_gain)


def test_words_are_spread_evenly_over_speech(clips: Path, speech: Path) -> None:
    """Sixteen words among twelve utterances: never three words in a row."""
    made = compose(Recipe(clips=clips, speech=speech, keywords=KEYWORDS))
    order = "".join("w" if segment.word else "u" for segment in made.segments)
    assert order.count("w") == 16
    assert order.count("u") == 12
    assert "www" not in order
    assert "uu" not in order


def test_speech_marks_what_it_may_hold(speech: Path) -> None:
    """Homophones too, and not what is in longer words: `go upon it` holds `go` and not `up`."""
    made = compose(Recipe(speech=speech, keywords=("yes", "no", "up", "go")))
    assert made.counts["uncertain_spans"] == {"?yes": 3, "?no": 6, "?go": 3}


def test_dropped_speech_holds_no_keyword(speech: Path) -> None:
    """For false accepts per hour: two of each four utterances are left."""
    made = compose(Recipe(speech=speech, keywords=KEYWORDS, keyword_speech="drop"))
    assert made.counts["utterances"] == 6
    assert not made.stream(20.0).labels


def test_a_word_that_sounds_like_a_keyword_is_no_negative_for_it(tmp_path: Path) -> None:
    """It is labelled as what it is, and as what it may be taken for."""
    folder = write_words(tmp_path, ("no", "know"), ("84",))
    labels = compose(Recipe(clips=folder, keywords=("no",))).stream(20.0).labels
    assert sorted(label.text for label in labels) == ["?no", "know", "no"]


def test_hours_repeat_the_speech_until_they_are_full(clips: Path, speech: Path) -> None:
    """Each utterance again once all were said; a share of it is heard."""
    recipe = Recipe(clips=clips, speech=speech, keywords=KEYWORDS, hours=0.1, speech_share=0.25)
    made = compose(recipe)
    stream = made.stream(10.0)
    assert stream.length_samples / SAMPLE_RATE_HZ == pytest.approx(360.0, abs=5.0)
    assert stream.length_samples >= 360 * SAMPLE_RATE_HZ
    heard, not_heard = (int(made.counts[key]) for key in ("utterances", "utterances_not_heard"))  # type: ignore[call-overload]
    assert 0.1 < heard / (heard + not_heard) < 0.4


def test_hours_without_speech_set_the_pauses(clips: Path) -> None:
    """Sixteen words over six minutes."""
    stream = compose(Recipe(clips=clips, hours=0.1)).stream(20.0)
    assert stream.length_samples / SAMPLE_RATE_HZ == pytest.approx(360.0, rel=0.2)


def test_words_per_minute_decide_how_much_speech_there_is(clips: Path, speech: Path) -> None:
    """Sixteen words at four a minute are four minutes."""
    recipe = Recipe(clips=clips, speech=speech, keywords=KEYWORDS, words_per_minute=4.0)
    stream = compose(recipe).stream(20.0)
    assert stream.length_samples / SAMPLE_RATE_HZ == pytest.approx(240.0, abs=5.0)


def test_hours_of_noise_alone_can_be_made(tmp_path: Path) -> None:
    """To count false accepts where nobody speaks."""
    soundfile.write(tmp_path / "hum.wav", burst(0.0, 2.0, 0.0), SAMPLE_RATE_HZ)
    stream = compose(Recipe(noise=str(tmp_path / "hum.wav"), hours=0.01)).stream(10.0)
    assert stream.length_samples == 36 * SAMPLE_RATE_HZ
    assert active_rms(render(stream)) == pytest.approx(10.0 ** (-36.0 / 20.0), rel=0.02)


def test_everything_said_is_said_in_a_room_if_one_is_asked_for(clips: Path) -> None:
    """At the stated level all the same; the seed decides the rooms too."""
    recipe = Recipe(clips=clips, count=3, noise="none", rt60_s=(0.2, 0.25), distance_m=(1.0, 1.5))
    stream = compose(recipe).stream(20.0)
    assert np.array_equal(render(stream), render(compose(recipe).stream(20.0)))
    for placed in stream.placed:
        assert placed.segment.length_samples > 0.6 * SAMPLE_RATE_HZ
        assert active_rms(placed.samples) * placed.gain == pytest.approx(0.05, rel=0.05)


def test_silent_clips_are_left_out_and_counted(tmp_path: Path) -> None:
    """A corpus has some; asking for so many words still gives so many."""
    folder = write_words(tmp_path, ("yes",), SPEAKERS)
    for name in ("x", "y"):
        faint = burst(0.1, 0.3, 0.1, amplitude=1e-4)
        soundfile.write(folder / "yes" / f"{name}_nohash_0.wav", faint, SAMPLE_RATE_HZ)
    made = compose(Recipe(clips=folder))
    assert words(made) == ["yes"] * 4
    assert made.warnings == ("left out 2 silent clips",)
    assert words(compose(Recipe(clips=folder, count=3))) == ["yes"] * 3


def test_halves_of_unknown_speakers_come_with_a_warning(tmp_path: Path) -> None:
    """It names the risk and the remedy; without halves there is none."""
    (tmp_path / "yes").mkdir()
    for number in range(8):
        soundfile.write(tmp_path / "yes" / f"{number}.wav", burst(0.1, 0.3, 0.1), SAMPLE_RATE_HZ)
    (warning,) = compose(Recipe(clips=tmp_path, half="A")).warnings
    assert "the same voice may be in both halves" in warning
    assert "folder per speaker" in warning
    assert not compose(Recipe(clips=tmp_path)).warnings


def test_the_sources_are_hashed_by_name_and_content(clips: Path, tmp_path: Path) -> None:
    """The same clips elsewhere give the same hash, one other sample another."""
    folder = write_words(tmp_path / "moved", ("yes", "no", "bed", "cat"), SPEAKERS)
    first, moved = compose(Recipe(clips=clips)), compose(Recipe(clips=folder, seed=9))
    assert first.sources_sha256 == moved.sources_sha256
    soundfile.write(next((folder / "yes").iterdir()), burst(0.1, 0.2, 0.1), SAMPLE_RATE_HZ)
    assert compose(Recipe(clips=folder)).sources_sha256 != first.sources_sha256


SOMEWHERE = Path("somewhere")


@pytest.mark.parametrize(
    ("recipe", "problem"),
    [
        (Recipe(), "nothing to make"),
        (Recipe(speech=SOMEWHERE), "which words are the keywords"),
        (Recipe(clips=SOMEWHERE, hours=1.0, words_per_minute=1.0), "give one of them"),
        (Recipe(clips=SOMEWHERE, hours=1.0, gap_s=(1.0, 2.0)), "give one of them"),
        (Recipe(hours=1.0, count=3), "--count is about word clips"),
        (Recipe(clips=SOMEWHERE, speech_gap_s=(1.0, 2.0)), "--speech-gap-s is about speech"),
    ],
)
def test_a_recipe_that_contradicts_itself_is_refused(recipe: Recipe, problem: str) -> None:
    """Before anything is read; the message names the options."""
    with pytest.raises(ValueError, match=problem):
        compose(recipe)


def test_what_cannot_be_met_says_what_could(clips: Path, speech: Path) -> None:
    """Too many words for the time, a range upside down."""
    both = Recipe(clips=clips, speech=speech, keywords=KEYWORDS)
    for recipe, problem in (
        (Recipe(clips=clips, words_per_minute=500.0), "ask for fewer than"),
        (replace(both, hours=0.001), "more --hours"),
        (replace(both, gap_s=(2.0, 1.0)), "2.0 to 1.0 s are not a range"),
    ):
        with pytest.raises(ValueError, match=problem):
            compose(recipe).stream(20.0)


def everything_is_silent(folder: Path) -> Sequence[Path]:
    (folder / "yes").mkdir(parents=True)
    soundfile.write(folder / "yes" / "a.wav", np.zeros(8_000), SAMPLE_RATE_HZ)
    return [folder]


def test_missing_and_empty_sources_are_input_errors(
    clips: Path, speech: Path, tmp_path: Path
) -> None:
    """Each names the path, or what is wrong with what lies there."""
    (silent,) = everything_is_silent(tmp_path / "silent")
    for recipe, problem in (
        (Recipe(clips=tmp_path / "none"), "no clips in"),
        (Recipe(clips=silent), "no clip is left"),
        (Recipe(clips=clips, noise="pinkk"), "no noise at pinkk"),
        (Recipe(speech=speech / "none", keywords=KEYWORDS), "can't read the table"),
        (
            Recipe(speech=speech, keywords=("it", "that", "or", "mister"), keyword_speech="drop"),
            "every one holds a keyword",
        ),
    ):
        with pytest.raises(InputError, match=problem):
            compose(recipe)
