"""The plan of a spliced stream, and the audio that it renders to."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.corpus import burst

from kws_live.eval.clips import Clip
from kws_live.eval.mixing import active_rms
from kws_live.eval.noise import generate_noise
from kws_live.eval.segments import Segment, word_segment
from kws_live.eval.splice import splice
from kws_live.eval.stream import Stream, arrange, gap_for_rate, plan
from kws_live.eval.tracks import Label
from kws_live.types import SAMPLE_RATE_HZ, Float32Array

SILENCE = np.zeros(0, dtype=np.float32)


def rms_db(samples: Float32Array) -> float:
    return float(10.0 * np.log10(np.mean(np.square(samples, dtype=np.float64))))


def render(stream: Stream) -> Float32Array:
    return np.concatenate(list(stream.blocks()))


def at(audio: Float32Array, label: Label) -> Float32Array:
    return audio[round(label.start_s * SAMPLE_RATE_HZ) : round(label.end_s * SAMPLE_RATE_HZ)]


def test_a_label_is_the_active_extent_of_the_dry_clip() -> None:
    """Over silence the audio is zero outside the labels, and speech begins and ends with them."""
    clips = [Clip("yes", burst(0.31, 0.4, 0.2)), Clip("no", burst(0.0, 0.25, 0.5))]
    audio, labels = splice(clips, SILENCE, snr_db=20.0)
    assert [label.text for label in labels] == ["yes", "no"]
    outside = np.ones(len(audio), dtype=bool)
    for label in labels:
        word = at(audio, label)
        assert np.abs(word[:160]).max() > 0.0
        assert np.abs(word[-160:]).max() > 0.0
        outside[round(label.start_s * SAMPLE_RATE_HZ) : round(label.end_s * SAMPLE_RATE_HZ)] = False
    assert not audio[outside].any()


def test_the_end_of_a_word_is_the_last_10_ms_within_25_db_of_its_peak() -> None:
    """A tail 30 dB down is no longer the word; one 20 dB down is."""
    loud, tail_20_db, tail_30_db = (
        burst(0.0, 0.1, 0.0, amplitude=0.5 * g) for g in (1.0, 0.1, 0.0316)
    )
    clip = Clip("yes", np.concatenate([loud, tail_20_db, tail_30_db]))
    (label,) = plan([clip], SILENCE, snr_db=20.0).labels
    assert label.end_s - label.start_s == pytest.approx(0.2)


@pytest.mark.parametrize("snr_db", [-5.0, 0.0, 10.0, 30.0])
def test_every_word_stands_at_the_snr_whatever_its_own_level(snr_db: float) -> None:
    """Speech-active RMS to background RMS."""
    clips = [Clip("yes", burst(0.1, 0.3, 0.1, amplitude=a)) for a in (0.001, 0.1, 0.9)]
    background = generate_noise("pink", 5 * SAMPLE_RATE_HZ, seed=1)
    stream = plan(clips, background, snr_db=snr_db)
    noise_db = rms_db(background * np.float32(stream.background_gain))
    for placed in stream.placed:
        word_db = 20.0 * np.log10(active_rms(placed.samples) * placed.gain)
        assert word_db - noise_db == pytest.approx(snr_db, abs=0.1)


def test_the_rendered_background_is_a_steady_loop() -> None:
    """It lasts as long as the stream, at the same level, and the words are added to it."""
    clips = [Clip("yes", burst(0.1, 0.3, 0.1))] * 4
    background = generate_noise("white", SAMPLE_RATE_HZ // 2, seed=1)
    stream = plan(clips, background, snr_db=12.0)
    words = render(Stream(stream.placed, SILENCE, 0.0, stream.length_samples))
    noise = render(stream) - words
    expected = np.resize(background, len(noise)) * np.float32(stream.background_gain)
    assert np.abs(noise - expected).max() < 1e-6


def test_pauses_stay_within_the_range_and_vary() -> None:
    """From the end of one word to the start of the next, whatever silence the clips bring."""
    clips = [Clip("yes", burst(lead_s, 0.2, 0.3)) for lead_s in (0.0, 0.4, 0.05)] * 10
    labels = plan(clips, SILENCE, snr_db=20.0, gap_s=(0.5, 0.9), seed=3).labels
    pauses_s = [b.start_s - a.end_s for a, b in pairwise(labels)]
    assert min(pauses_s) >= 0.5 - 1e-4
    assert max(pauses_s) <= 0.9 + 1e-4
    assert max(pauses_s) - min(pauses_s) > 0.2


def test_levels_spread_as_asked() -> None:
    """Up to so many dB louder or softer, and not all the same."""
    clips = [Clip("yes", burst(0.1, 0.2, 0.1))] * 40
    stream = plan(clips, SILENCE, snr_db=20.0, level_spread_db=4.0)
    levels_db = [20.0 * np.log10(active_rms(p.samples) * p.gain) for p in stream.placed]
    assert min(levels_db) >= -30.01
    assert max(levels_db) <= -21.99
    assert max(levels_db) - min(levels_db) > 4.0


def test_the_seed_decides_the_stream() -> None:
    """The same seed gives the same audio and labels, another one other pauses."""
    clips = [Clip("yes", burst(0.1, 0.2, 0.1))] * 5
    first, labels = splice(clips, SILENCE, snr_db=20.0, seed=1)
    again, labels_again = splice(clips, SILENCE, snr_db=20.0, seed=1)
    assert np.array_equal(first, again)
    assert labels == labels_again
    assert labels != plan(clips, SILENCE, snr_db=20.0, seed=2).labels


def test_words_come_at_the_rate_asked_for() -> None:
    """Thirty words a minute over a minute and more."""
    clips = [Clip("yes", burst(0.1, 0.4, 0.1))] * 120
    gap_s = gap_for_rate([word_segment(clip) for clip in clips], 30.0)
    labels = plan(clips, SILENCE, snr_db=20.0, gap_s=gap_s).labels
    minutes = (labels[-1].start_s - labels[0].start_s) / 60.0
    assert 119 / minutes == pytest.approx(30.0, rel=0.05)


def test_a_rate_that_leaves_no_pause_is_refused_with_the_limit() -> None:
    """Words of 0.4 s fit 150 times into a minute."""
    with pytest.raises(ValueError, match="fewer than 150"):
        gap_for_rate([word_segment(Clip("yes", burst(0.1, 0.4, 0.1)))], 200.0)


@pytest.mark.parametrize(
    ("clips", "gap_s", "problem"),
    [
        ([], (1.0, 2.0), "no clips"),
        (
            [Clip("yes", np.zeros(16_000, dtype=np.float32))],
            (1.0, 2.0),
            r"clip 0 \(yes\) is silent",
        ),
        ([Clip("yes", burst(0.1, 0.2, 0.1))], (2.0, 1.0), "2.0 to 1.0 s"),
        ([Clip("yes", burst(0.1, 0.2, 0.1))], (-1.0, 1.0), "-1.0 to 1.0 s"),
    ],
)
def test_what_cannot_be_spliced_is_refused(
    clips: Sequence[Clip], gap_s: tuple[float, float], problem: str
) -> None:
    """The message names the clip or the value."""
    with pytest.raises(ValueError, match=problem):
        plan(clips, SILENCE, snr_db=20.0, gap_s=gap_s)


def utterance(*may_hold: str) -> Segment:
    samples = burst(0.2, 1.0, 0.3)
    return replace(word_segment(Clip("", samples)), word=None, may_hold=may_hold)


def test_what_may_be_said_in_an_utterance_is_marked_over_all_of_it() -> None:
    """Its transcript doesn't tell where; an utterance that holds no keyword has no label."""
    said = [utterance("no", "go"), utterance()]
    labels = arrange(said, SILENCE, snr_db=20.0).labels
    assert [label.text for label in labels] == ["?no", "?go"]
    for label in labels:
        assert label.start_s == pytest.approx(0.8)
        assert label.end_s == pytest.approx(2.3)


def test_utterances_follow_sooner_than_words() -> None:
    """Each pair has the pause of its kind; a word keeps its distance on both sides."""
    word = word_segment(Clip("yes", burst(0.1, 0.4, 0.1)))
    order = [utterance("a"), utterance("a"), word, word, utterance("a")]
    stream = arrange(order, SILENCE, snr_db=20.0, gap_s=(2.0, 2.0), speech_gap_s=(0.5, 0.5))
    starts_s = [
        (placed.start_sample + placed.segment.active_start) / SAMPLE_RATE_HZ
        for placed in stream.placed
    ]
    assert np.diff(starts_s) == pytest.approx([1.5, 3.0, 2.4, 2.4])


def test_a_hushed_utterance_takes_its_time_and_is_not_heard() -> None:
    """Nor labelled; what follows stays where it is."""
    word = word_segment(Clip("yes", burst(0.1, 0.4, 0.1)))
    loud = arrange([utterance("no"), word], SILENCE, snr_db=20.0)
    hushed = arrange([utterance("no").hushed(), word], SILENCE, snr_db=20.0)
    assert hushed.labels == loud.labels[1:]
    assert not render(hushed)[: round(2.5 * SAMPLE_RATE_HZ)].any()


def test_a_stream_lasts_as_long_as_asked() -> None:
    """Background fills the rest; without anything said it is all there is."""
    background = generate_noise("white", SAMPLE_RATE_HZ, seed=1)
    for said in ([], [utterance()]):
        stream = arrange(said, background, snr_db=20.0, at_least_samples=10 * SAMPLE_RATE_HZ)
        assert stream.length_samples == 10 * SAMPLE_RATE_HZ
        assert rms_db(render(stream)[-SAMPLE_RATE_HZ:]) == pytest.approx(-46.0, abs=0.1)


SECONDS = st.integers(0, 250).map(lambda hundredths: hundredths / 100)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(SECONDS, st.sampled_from((0.05, 0.4, 2.3)), SECONDS), min_size=1, max_size=6
    ),
    st.sampled_from(((0.0, 0.0), (0.1, 0.4), (1.0, 1.5))),
    st.integers(0, 5),
)
def test_rendering_in_blocks_adds_every_clip_once_and_whole(
    shapes: list[tuple[float, float, float]], gap_s: tuple[float, float], seed: int
) -> None:
    """Against the sum made in one piece, with clips that overlap and that outlast each other."""
    clips = [Clip("yes", burst(*shape)) for shape in shapes]
    stream = plan(clips, SILENCE, snr_db=20.0, gap_s=gap_s, seed=seed)
    whole = np.zeros(stream.length_samples, dtype=np.float32)
    for placed in stream.placed:
        end = placed.start_sample + len(placed.samples)
        whole[placed.start_sample : end] += placed.samples * np.float32(placed.gain)
    blocks = list(stream.blocks())
    assert max(map(len, blocks)) <= SAMPLE_RATE_HZ
    assert np.array_equal(np.concatenate(blocks), whole)
