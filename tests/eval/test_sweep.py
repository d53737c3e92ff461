"""The sweep is the deployed decoder: the same scores to the bit, the same decisions."""

from pathlib import Path

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from kws_live.config import DecoderSettings, KeywordSettings
from kws_live.eval.match import Decision
from kws_live.eval.posteriors import Stored
from kws_live.eval.sweep import at_threshold, decisions, scores
from kws_live.stages.decoder import Decoder, Smoother
from kws_live.types import SAMPLE_RATE_HZ, Posterior

LABELS = ("go", "stop", "yes", "_unknown_", "_silence_")
KEYWORDS = ("yes", "go", "stop")
HOP = 1_600
WINDOW = 16_000

Hops = list[tuple[int, tuple[float, ...]]]

# Few values, so that scores tie with each other and with thresholds.
GRID = (0.0, 0.25, 0.5, 0.75, 1.0)
VALUES = st.one_of(st.sampled_from(GRID), st.floats(0, 1, width=32))
AHEAD = (1, 1, 1, 1, 2, 5, 30)

AT_HALF = KeywordSettings(threshold=0.5, release=0.25, refractory_s=0.0)
AT_RELEASE: Hops = [(1, (score, 0.0, 0.0)) for score in (0.5, 0.25, 0.5, 0.24, 0.5)]
"""A score that reaches its threshold, falls to its release, which re-arms nothing, and then below it."""


def long_stretch(seed: int) -> Hops:
    """Up to 300 hops in which the posteriors of words stay up for a while and fall, again and again."""
    rng = np.random.default_rng(seed)
    hops: Hops = []
    for _ in range(int(rng.integers(1, 40))):
        up = rng.choice(GRID, 3) if rng.random() < 0.5 else rng.random(3, dtype=np.float32)
        values = tuple(float(value) for value in up * (rng.random(3) < 0.6))
        hops += [(int(rng.choice(AHEAD)), values)] * int(rng.integers(1, 8))
    return hops


HOPS = st.one_of(
    st.lists(st.tuples(st.sampled_from(AHEAD), st.tuples(VALUES, VALUES, VALUES)), max_size=30),
    st.integers(0, 2**32).map(long_stretch),
    st.integers(0, 2**32).map(long_stretch),
)


def stored(hops: Hops) -> Stored:
    """A recording in which each hop lies so many hops behind the one before, with the posteriors of the words."""
    ends = np.cumsum([ahead for ahead, _ in hops], dtype=np.int64) * HOP
    posteriors = np.zeros((len(hops), len(LABELS)), dtype=np.float32)
    for row, (_, values) in zip(posteriors, hops, strict=True):
        row[:3] = values
    duration_s = float(ends[-1]) / SAMPLE_RATE_HZ if len(hops) else 1.0
    return Stored(Path("words.wav"), (), duration_s, ends, posteriors, duration_s, WINDOW)


def posteriors_of(recording: Stored) -> list[Posterior]:
    """The same, as the decoder is given it."""
    pairs = zip(recording.end_samples.tolist(), recording.posteriors, strict=True)
    return [Posterior(end, values) for end, values in pairs]


@st.composite
def settings(draw: st.DrawFn) -> DecoderSettings:
    """Any settings that the configuration allows."""

    def keyword() -> KeywordSettings:
        threshold = draw(st.one_of(st.sampled_from((0.25, 0.5, 0.75, 1.0)), st.floats(0.01, 1.0)))
        return KeywordSettings(
            threshold=threshold,
            release=threshold * draw(st.floats(0.05, 0.999)),
            refractory_s=draw(st.sampled_from((0.0, 0.05, 0.1, 0.3, 1.0, 4.0))),
        )

    return DecoderSettings(
        smoothing_s=draw(st.sampled_from((0.01, 0.1, 0.15, 0.3, 1.2, 5.0))),
        hold_s=draw(st.sampled_from((0.0, 0.1, 0.4, 2.0))),
        keywords={name: keyword() for name in KEYWORDS},
    )


@given(HOPS, st.sampled_from((0.01, 0.1, 0.15, 0.3, 1.2, 5.0)))
def test_scores_are_the_smoothers_to_the_bit(hops: Hops, smoothing_s: float) -> None:
    """Whatever the posteriors, the gaps between hops and the smoothing time."""
    recording = stored(hops)
    smoother = Smoother(LABELS, KEYWORDS, smoothing_s)
    expected = [list(smoother.step(one).values()) for one in posteriors_of(recording)]
    found = scores(recording, LABELS, KEYWORDS, smoothing_s)
    assert found.dtype == np.float32
    assert found.tolist() == expected


@given(HOPS, settings())
@example(AT_RELEASE, DecoderSettings(0.01, 0.0, dict.fromkeys(KEYWORDS, AT_HALF)))
def test_decisions_are_the_decoders(hops: Hops, chosen: DecoderSettings) -> None:
    """Whatever the posteriors and gaps, thresholds, releases, refractory, hold and smoothing times."""
    recording = stored(hops)
    decoder = Decoder(LABELS, chosen, WINDOW)
    found = [decoder.step(one) for one in posteriors_of(recording)]
    expected = [Decision(one.keyword, one.decided_sample / SAMPLE_RATE_HZ) for one in found if one]
    assert decisions(recording, LABELS, chosen) == expected


def test_a_recording_of_which_the_gate_let_nothing_through_gives_nothing() -> None:
    """No hops, no scores, no decisions."""
    one = KeywordSettings(0.5, 0.25, 1.0)
    chosen = DecoderSettings(0.3, 0.4, dict.fromkeys(KEYWORDS, one))
    assert scores(stored([]), LABELS, KEYWORDS, 0.3).shape == (0, 3)
    assert decisions(stored([]), LABELS, chosen) == []


def test_one_threshold_for_all_scales_each_release() -> None:
    """As `--threshold` does: a release stays at its share of the threshold."""
    own = {"go": KeywordSettings(0.8, 0.4, 1.0), "stop": KeywordSettings(0.5, 0.1, 2.0)}
    found = at_threshold(DecoderSettings(0.3, 0.4, own), 0.6)
    assert found.keywords["go"] == KeywordSettings(0.6, 0.4 * (0.6 / 0.8), 1.0)
    assert found.keywords["stop"] == KeywordSettings(0.6, 0.1 * (0.6 / 0.5), 2.0)
