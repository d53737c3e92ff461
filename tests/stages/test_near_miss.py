"""Near misses account for every score that came up and made no detection."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from kws_live.config import DecoderSettings, KeywordSettings
from kws_live.stages.decoder import Decoder
from kws_live.stages.near_miss import NearMisses
from kws_live.types import NearMiss, Posterior

HOP = 1_600
WINDOW = 16_000
LABELS = ("go", "stop", "_unknown_")
THRESHOLD, RELEASE = 0.6, 0.3


def settings(smoothing_s: float = 0.1) -> DecoderSettings:
    """Two keywords; one hop of smoothing unless told otherwise, so that scores are posteriors."""
    keyword = KeywordSettings(THRESHOLD, RELEASE, refractory_s=1.0)
    return DecoderSettings(smoothing_s, 0.4, {"go": keyword, "stop": keyword})


def step(
    near_misses: NearMisses, hop: int, scores: Mapping[str, float], detected: str | None = None
) -> tuple[NearMiss, ...]:
    """Take the scores of hop number `hop`, whose word is all of it."""
    return near_misses.step(hop * HOP, scores, detected, lambda: ((hop - 1) * HOP, hop * HOP))


class Listener:
    """A decoder and what tells its near misses, as the pipeline has them."""

    def __init__(self) -> None:
        self.decoder = Decoder(LABELS, settings(), 16_000)
        self.near_misses = NearMisses(settings(), WINDOW)
        self.detected: list[tuple[str, int]] = []

    def hear(self, go: Iterable[float], stop: float = 0.0, start: int = 1) -> list[NearMiss]:
        """Take posteriors of consecutive hops, `start` the number of the first; return what was over."""
        ended: list[NearMiss] = []
        for hop, score in enumerate(go, start):
            values = np.array([score, stop, 1 - score - stop], np.float32)
            decision = self.decoder.step(Posterior(hop * HOP, values))
            if decision:
                self.detected.append((decision.keyword, hop))
            word = decision.keyword if decision else None
            ended += step(self.near_misses, hop, self.decoder.scores, word)
        return ended


def told(ended: Sequence[NearMiss]) -> list[tuple[str, float, int, str]]:
    """Keyword, score, hop number and reason of each."""
    return [(e.keyword, round(e.score, 4), e.peak_sample // HOP, e.reason) for e in ended]


def test_a_score_between_release_and_threshold_is_a_near_miss() -> None:
    """It is told once the score has fallen below the release, with the highest score and its place."""
    listener = Listener()
    assert listener.hear([0.1, 0.35, 0.5, 0.4]) == []
    (near_miss,) = listener.hear([0.2], start=5)
    assert told([near_miss]) == [("go", 0.5, 3, "below_threshold")]
    assert (near_miss.threshold, near_miss.release) == (THRESHOLD, RELEASE)


def test_the_release_itself_is_near_enough() -> None:
    """An excursion begins at it, as re-arming begins below it."""
    near_misses = NearMisses(settings(), WINDOW)
    step(near_misses, 1, {"go": RELEASE, "stop": 0.0})
    (near_miss,) = step(near_misses, 2, {"go": 0.0, "stop": 0.0})
    assert near_miss.score == RELEASE


def test_a_score_below_the_release_is_none() -> None:
    """However long it stays there."""
    assert Listener().hear([0.29] * 50 + [0.0]) == []


def test_of_equal_peaks_the_first_counts() -> None:
    """The word is nearer to it."""
    assert told(Listener().hear([0.5, 0.4, 0.5, 0.0])) == [("go", 0.5, 1, "below_threshold")]


def test_the_word_is_that_in_the_window_of_the_peak() -> None:
    """Estimated then, when the window is at hand."""
    (near_miss,) = Listener().hear([0.35, 0.5, 0.4, 0.0])
    assert (near_miss.start_sample, near_miss.end_sample) == (HOP, 2 * HOP)


def test_a_detection_accounts_for_its_rise_and_its_tail() -> None:
    """Neither the way up nor the way down is a near miss."""
    listener = Listener()
    assert listener.hear([0.1, 0.4, 0.9, 0.5, 0.4, 0.5, 0.1]) == []
    assert listener.detected == [("go", 3)]


def test_the_next_excursion_after_a_detection_stands_for_itself() -> None:
    """Once the score was below the release."""
    ended = Listener().hear([0.9, 0.1, 0.5, 0.1])
    assert told(ended) == [("go", 0.5, 3, "below_threshold")]


def test_the_same_word_again_within_its_refractory_time_was_held_back() -> None:
    """The score reached the threshold, and yet there was no detection."""
    assert told(Listener().hear([0.9, 0.1, 0.8, 0.1])) == [("go", 0.8, 3, "held_back")]


def test_a_word_right_after_another_one_was_held_back() -> None:
    """The user sees that it was recognised, and why nothing happened."""
    listener = Listener()
    listener.hear([0.0], stop=0.9)
    assert told(listener.hear([0.7, 0.7, 0.0], start=2)) == [("go", 0.7, 2, "held_back")]
    assert listener.detected == [("stop", 1)]


def test_a_keyword_that_another_one_beat_is_a_near_miss() -> None:
    """What was detected instead stands beside it."""
    listener = Listener()
    ended = listener.hear([0.35], stop=0.65) + listener.hear([0.0, 0.0], start=2)
    assert listener.detected == [("stop", 1)]
    assert told(ended) == [("go", 0.35, 1, "below_threshold")]


def test_a_pause_ends_what_is_running() -> None:
    """The near miss comes when the gate closes, not when it opens again."""
    listener = Listener()
    assert listener.hear([0.4, 0.5]) == []
    assert told(listener.near_misses.pause()) == [("go", 0.5, 2, "below_threshold")]
    assert listener.near_misses.pause() == ()


def test_a_pause_tells_nothing_of_a_detection() -> None:
    """Its tail may reach to the pause and beyond it."""
    listener = Listener()
    listener.hear([0.9, 0.5])
    assert listener.near_misses.pause() == ()
    assert listener.hear([0.5, 0.1], start=5) == []


def test_a_score_still_up_shortly_after_a_pause_is_not_told_again() -> None:
    """It is the same word; a new excursion begins below the release."""
    listener = Listener()
    listener.hear([0.5])
    assert len(listener.near_misses.pause()) == 1
    assert listener.hear([0.55, 0.1], start=5) == []
    assert told(listener.hear([0.4, 0.1], start=7)) == [("go", 0.4, 7, "below_threshold")]


def test_a_score_up_long_after_a_pause_is_another_word() -> None:
    """The two windows share no audio."""
    listener = Listener()
    listener.hear([0.5])
    listener.near_misses.pause()
    assert told(listener.hear([0.45, 0.1], start=11)) == [("go", 0.45, 11, "below_threshold")]


def test_a_word_seconds_after_a_detection_that_never_fell_is_another_one() -> None:
    """The score was up when the gate closed: what comes then is detected, or a near miss of its own."""
    listener = Listener()
    listener.hear([0.9, 0.9])
    listener.near_misses.pause()
    assert told(listener.hear([0.5, 0.1], start=40)) == [("go", 0.5, 40, "below_threshold")]
    assert told(listener.hear([0.9, 0.1], start=80)) == []
    assert listener.detected == [("go", 1), ("go", 80)]


def test_hops_that_were_skipped_end_an_excursion_without_a_pause() -> None:
    """When inference falls behind by more than a window, what was up before is told at the next hop."""
    listener = Listener()
    listener.hear([0.5])
    ended = listener.hear([0.4, 0.1], start=11)
    assert told(ended) == [("go", 0.5, 1, "below_threshold"), ("go", 0.4, 11, "below_threshold")]


def test_long_smoothing_keeps_what_is_up_together() -> None:
    """Scores that share posteriors belong together, even where the windows share no audio."""
    near_misses = NearMisses(settings(smoothing_s=3.0), WINDOW)
    step(near_misses, 1, {"go": 0.5, "stop": 0.0})
    assert step(near_misses, 21, {"go": 0.4, "stop": 0.0}) == ()
    assert len(step(near_misses, 22, {"go": 0.1, "stop": 0.0})) == 1


scores = st.floats(0, 1, width=32)


@given(st.lists(scores, max_size=200))
def test_every_excursion_is_explained_exactly_once(values: list[float]) -> None:
    """Each run of scores from the release on holds a detection or is one near miss, with its maximum."""
    listener = Listener()
    ended = listener.hear(values) + list(listener.near_misses.pause())
    expected = []
    for up, run in groupby(enumerate(values, 1), lambda item: item[1] >= np.float32(RELEASE)):
        hops = dict(run)
        if up and not any(hop in hops for _, hop in listener.detected):
            peak_hop = max(hops, key=hops.__getitem__)
            reason = "held_back" if hops[peak_hop] >= THRESHOLD else "below_threshold"
            expected.append((peak_hop, hops[peak_hop], reason))
    assert [(e.peak_sample // HOP, e.score, e.reason) for e in ended] == expected


@given(before=st.lists(scores, max_size=20), after=st.lists(scores, max_size=40))
def test_reset_equals_fresh(before: list[float], after: list[float]) -> None:
    """What went before leaves no trace."""
    used, fresh = Listener(), Listener()
    used.hear(before)
    used.decoder.reset()
    used.near_misses.reset()
    assert used.hear(after, start=22) == fresh.hear(after, start=22)
    assert used.near_misses.pause() == fresh.near_misses.pause()
