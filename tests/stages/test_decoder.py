"""The decoder turns posteriors into decisions, counting time in samples."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kws_live.config import DecoderSettings, KeywordSettings
from kws_live.stages.decoder import Decision, Decoder
from kws_live.types import Posterior

LABELS = ("go", "stop", "_unknown_", "_silence_")
HOP = 1_600
WINDOW = 10 * HOP


def settings(
    smoothing_s: float = 0.1, hold_s: float = 0.4, refractory_s: float = 1.0
) -> DecoderSettings:
    """Two keywords, threshold 0.6, release 0.3; a hop of smoothing unless told otherwise."""
    keyword = KeywordSettings(threshold=0.6, release=0.3, refractory_s=refractory_s)
    return DecoderSettings(smoothing_s, hold_s, {"go": keyword, "stop": keyword})


def decoder_of(settings: DecoderSettings) -> Decoder:
    """A decoder with windows of ten hops."""
    return Decoder(LABELS, settings, WINDOW)


def posterior(hop: int, go: float, stop: float = 0.0) -> Posterior:
    """The posterior of hop number `hop`; the rest is unknown."""
    return Posterior(hop * HOP, np.array([go, stop, 1 - go - stop, 0], dtype=np.float32))


def decide(decoder: Decoder, posteriors: list[Posterior]) -> list[tuple[str, int]]:
    """Keyword and hop number of each decision."""
    decisions = [decoder.step(value) for value in posteriors]
    return [(d.keyword, d.decided_sample // HOP) for d in decisions if isinstance(d, Decision)]


def test_a_score_at_its_threshold_fires() -> None:
    """The threshold itself is enough."""
    decoder = decoder_of(settings())
    assert decide(decoder, [posterior(1, 0.59), posterior(2, 0.61)]) == [("go", 2)]


def test_one_word_fires_once() -> None:
    """A score that stays high fires once, however long."""
    decoder = decoder_of(settings())
    assert decide(decoder, [posterior(n, 0.9) for n in range(1, 60)]) == [("go", 1)]


def test_the_same_keyword_rearms_below_its_release() -> None:
    """After the refractory time, it takes a fall below release before the next detection."""
    decoder = decoder_of(settings())
    held = [posterior(n, 0.9) for n in range(1, 20)]
    above_release = [posterior(20, 0.4), posterior(21, 0.9)]
    below_release = [posterior(22, 0.2), posterior(23, 0.9)]
    assert decide(decoder, held + above_release + below_release) == [("go", 1), ("go", 23)]


@pytest.mark.parametrize(("pause", "fires"), [(9, False), (10, True)])
def test_a_keyword_rearms_over_a_pause_that_no_window_spans(pause: int, fires: bool) -> None:
    """The gate closed on a score that was up: the next word is another one."""
    decoder = decoder_of(settings(refractory_s=0.1))
    held = [posterior(n, 0.9) for n in range(1, 20)]
    again = [("go", 19 + pause)] * fires
    assert decide(decoder, [*held, posterior(19 + pause, 0.9)]) == [("go", 1), *again]


def test_long_smoothing_lengthens_that_pause() -> None:
    """A score remembers as much as it is smoothed over."""
    decoder = decoder_of(settings(refractory_s=0.1, smoothing_s=1.5))
    hops = [posterior(n, 0.9) for n in (1, 2, 3, 17, 18, 33)]
    assert decide(decoder, hops) == [("go", 1), ("go", 33)]


def test_the_refractory_time_outlasts_a_fall_below_release() -> None:
    """Within it, not even a re-armed keyword fires; at its end it does."""
    decoder = decoder_of(settings(refractory_s=1.0))
    flutter = [posterior(n, 0.9 if n % 2 else 0.0) for n in range(1, 14)]
    assert decide(decoder, flutter) == [("go", 1), ("go", 11)]


def test_another_keyword_is_held_a_moment() -> None:
    """For 0.4 s after a detection no other keyword fires, then it may."""
    decoder = decoder_of(settings(hold_s=0.4))
    hops = [posterior(1, 0.9)] + [posterior(n, 0.0, 0.9) for n in range(2, 8)]
    assert decide(decoder, hops) == [("go", 1), ("stop", 5)]


def test_only_the_highest_score_over_threshold_may_fire() -> None:
    """Of two keywords above threshold the greater ratio wins, and one that may not fire hides the other."""
    low = KeywordSettings(threshold=0.2, release=0.1, refractory_s=5.0)
    high = KeywordSettings(threshold=0.5, release=0.1, refractory_s=5.0)
    decoder = decoder_of(DecoderSettings(0.1, 0.4, {"go": low, "stop": high}))
    assert decide(decoder, [posterior(n, 0.4, 0.55) for n in range(1, 12)]) == [("go", 1)]


def test_the_score_is_the_lowest_over_the_smoothing_time() -> None:
    """Three hops of 100 ms count in 0.3 s, and no fourth."""
    decoder = decoder_of(settings(smoothing_s=0.3))
    for n, value in enumerate([0.1, 0.9, 0.5, 0.6], start=1):
        decoder.step(posterior(n, value))
    assert np.isclose(decoder.scores["go"], 0.5)


def test_hops_that_were_not_inferred_are_absent_from_the_score() -> None:
    """After a pause of the gate the old posteriors are gone, and the missing ones are no zeros."""
    decoder = decoder_of(settings(smoothing_s=0.3))
    for hop, value in [(1, 0.0), (2, 0.0), (10, 0.5), (12, 0.6)]:
        decoder.step(posterior(hop, value))
    assert np.isclose(decoder.scores["go"], 0.5)


def test_disabled_keywords_do_not_compete() -> None:
    """A keyword without settings has no score and holds nobody back."""
    keyword = KeywordSettings(threshold=0.3, release=0.1, refractory_s=1.0)
    decoder = decoder_of(DecoderSettings(0.1, 0.4, {"go": keyword}))
    assert decide(decoder, [posterior(1, 0.4, 0.6)]) == [("go", 1)]
    assert set(decoder.scores) == {"go"}


scores = st.floats(0, 1, width=32)


@given(before=st.lists(scores, max_size=20), after=st.lists(scores, min_size=1, max_size=40))
def test_reset_equals_fresh(before: list[float], after: list[float]) -> None:
    """A decoder that was reset decides as a new one does."""
    used, fresh = (decoder_of(settings(smoothing_s=0.3)) for _ in range(2))
    decide(used, [posterior(n, value) for n, value in enumerate(before, 1)])
    used.reset()
    hops = [posterior(n, value) for n, value in enumerate(after, 100)]
    assert [used.step(hop) for hop in hops] == [fresh.step(hop) for hop in hops]


@given(st.lists(scores, max_size=200))
def test_no_two_detections_of_a_keyword_within_its_refractory_time(values: list[float]) -> None:
    """Whatever the posteriors do."""
    decoder = decoder_of(settings(refractory_s=1.0))
    fired = [n for _, n in decide(decoder, [posterior(n, v) for n, v in enumerate(values, 1)])]
    assert all(later - earlier >= 10 for earlier, later in itertools.pairwise(fired))
