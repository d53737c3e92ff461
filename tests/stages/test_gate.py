"""The gate decides which parts of the stream are inferred."""

import itertools

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from kws_live.config import GateSettings
from kws_live.stages.gate import Gate
from kws_live.types import SAMPLE_RATE_HZ, GateChange, Span

SECOND = SAMPLE_RATE_HZ
SETTINGS = GateSettings(enabled=True, mode=2, onset_s=0.06, hangover_s=0.6, preroll_s=0.3)


def voice(seconds: float) -> np.ndarray:
    """A buzz with the harmonics of a 120 Hz voice: WebRTC's detector takes it for speech."""
    time_s = np.arange(round(seconds * SECOND)) / SECOND
    buzz = sum(np.sin(2 * np.pi * 120 * n * time_s) / n for n in range(1, 30))
    return (buzz * 4_000).astype(np.int16)


def silence(seconds: float) -> np.ndarray:
    """A noise floor of about -80 dB."""
    noise = np.random.default_rng(3).normal(0, 3, round(seconds * SECOND))
    return noise.astype(np.int16)


def run(gate: Gate, audio: np.ndarray, sizes: list[int]) -> list[Span | GateChange]:
    """Push in blocks of the given sizes, repeated, and flush."""
    out: list[Span | GateChange] = []
    at = count = 0
    while at < len(audio):
        size = sizes[count % len(sizes)]
        out += gate.push(audio[at : at + size])
        at, count = at + size, count + 1
    return out + gate.flush()


def covered(events: list[Span | GateChange]) -> list[tuple[int, int]]:
    """The spans, adjoining ones joined."""
    joined: list[tuple[int, int]] = []
    for span in (event for event in events if isinstance(event, Span)):
        if joined and joined[-1][1] == span.start_sample:
            joined[-1] = (joined[-1][0], span.end_sample)
        else:
            joined.append((span.start_sample, span.end_sample))
    return joined


def changes(events: list[Span | GateChange]) -> list[GateChange]:
    """The openings and closings."""
    return [event for event in events if isinstance(event, GateChange)]


PHRASE = np.concatenate([silence(1.5), voice(0.5), silence(2.0)])


def test_silence_is_not_inferred() -> None:
    """A quiet room costs nothing."""
    assert run(Gate(SETTINGS), silence(5), [480]) == []


def test_voice_opens_within_the_onset_and_reaches_back_over_the_preroll() -> None:
    """The span begins at least a pre-roll before the voice."""
    events = run(Gate(SETTINGS), PHRASE, [480])
    opened = next(event for event in events if isinstance(event, GateChange))
    assert opened.open
    assert 1.5 * SECOND < opened.sample <= 1.5 * SECOND + 0.15 * SECOND
    ((start, _),) = covered(events)
    assert 1.1 * SECOND <= start <= 1.25 * SECOND


def test_it_closes_after_the_hangover() -> None:
    """The last span ends, with the closing, a hangover after the last voice."""
    events = run(Gate(SETTINGS), PHRASE, [480])
    closed = events[-1]
    assert isinstance(closed, GateChange)
    assert not closed.open
    ((_, end),) = covered(events)
    assert end == closed.sample
    assert 2.0 * SECOND + 0.55 * SECOND <= end <= 2.0 * SECOND + 0.9 * SECOND


def test_nothing_is_inferred_twice() -> None:
    """A pre-roll never reaches into what an earlier opening inferred."""
    short = GateSettings(enabled=True, mode=2, onset_s=0.06, hangover_s=0.1, preroll_s=2.0)
    audio = np.concatenate([silence(1), voice(0.4), silence(0.7), voice(0.4), silence(1)])
    spans = [event for event in run(Gate(short), audio, [480]) if isinstance(event, Span)]
    assert all(a.end_sample <= b.start_sample for a, b in itertools.pairwise(spans))


def test_disabled_it_is_always_open() -> None:
    """Everything is inferred, to the last sample."""
    off = GateSettings(enabled=False, mode=2, onset_s=0.06, hangover_s=0.6, preroll_s=0.3)
    assert covered(run(Gate(off), silence(2.01), [480])) == [(0, round(2.01 * SECOND))]


def test_a_stream_that_ends_while_open_is_inferred_to_its_end() -> None:
    """The last incomplete piece of 30 ms counts."""
    audio = np.concatenate([silence(1), voice(0.51)])
    ((_, end),) = covered(run(Gate(SETTINGS), audio, [480]))
    assert end == len(audio)


@settings(max_examples=30)
@given(sizes=st.lists(st.integers(1, 16_000), min_size=1, max_size=6))
def test_any_block_size_gives_the_same_spans(sizes: list[int]) -> None:
    """The gate judges on a grid of its own: the same is covered, and it changes at the same samples."""
    expected = run(Gate(SETTINGS), PHRASE, [len(PHRASE)])
    found = run(Gate(SETTINGS), PHRASE, sizes)
    assert covered(found) == covered(expected)
    assert changes(found) == changes(expected)
    assert covered(expected)


def test_a_large_block_gives_one_span_for_each_time_the_gate_was_open() -> None:
    """What follows upon itself is not handed over in pieces."""
    events = run(Gate(SETTINGS), np.concatenate([PHRASE, PHRASE]), [2 * len(PHRASE)])
    kinds = [event.open if isinstance(event, GateChange) else Span for event in events]
    assert kinds == [True, Span, False, True, Span, False]


def test_while_it_is_open_nothing_waits_for_the_end_of_a_piece() -> None:
    """Each block is let through to its last sample, wherever the pieces of 30 ms end."""
    gate = Gate(SETTINGS)
    run_in = voice(1.0)
    gate.push(run_in)
    for number in range(1, 30):
        *_, span = gate.push(voice(0.01))
        assert isinstance(span, Span)
        assert span.end_sample == len(run_in) + number * SECOND // 100


def test_reset_equals_fresh() -> None:
    """After a reset nothing of the past shows, but the position."""
    used = Gate(SETTINGS)
    used.push(voice(1.0))
    used.reset(0)
    assert run(used, PHRASE, [480]) == run(Gate(SETTINGS), PHRASE, [480])


def test_without_a_hangover_it_closes_with_the_first_piece_without_voice() -> None:
    """Voice itself never closes it."""
    short = GateSettings(enabled=True, mode=2, onset_s=0.06, hangover_s=0.0, preroll_s=0.3)
    events = run(Gate(short), np.concatenate([silence(1), voice(1.0), silence(1)]), [480])
    assert [change.open for change in changes(events)] == [True, False]
