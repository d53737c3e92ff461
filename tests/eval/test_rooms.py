"""Simulated rooms."""

import numpy as np
import pytest
from support.corpus import burst

from kws_live.eval.mixing import active_rms
from kws_live.eval.rooms import Room, draw_rooms
from kws_live.eval.segments import measured
from kws_live.types import SAMPLE_RATE_HZ


@pytest.fixture(scope="module")
def rooms() -> list[Room]:
    return draw_rooms(6, rt60_s=(0.2, 0.4), distance_m=(0.5, 3.0), seed=1)


def test_sound_arrives_when_it_has_come_the_direct_way(rooms: list[Room]) -> None:
    """At 343 m/s, to half a sample; before that nothing is heard but the filter's ringing."""
    for room in rooms:
        assert room.delay_samples == round(room.distance_m / 343.0 * SAMPLE_RATE_HZ)
        early = np.abs(room.response[: room.delay_samples + 20])
        assert abs(int(np.argmax(early)) - room.delay_samples) <= 1
        assert early[: max(0, room.delay_samples - 20)].max(initial=0.0) < 0.1 * early.max()


def test_rooms_ring_about_as_long_as_asked(rooms: list[Room]) -> None:
    """The energy that is still to come falls 20 dB (5 to 25) in a third of the time, ± 35 %."""
    for room in rooms:
        left = np.cumsum(np.square(room.response[::-1], dtype=np.float64))[::-1]
        decay_db = 10.0 * np.log10(left / left[0])
        first, last = (int(np.argmax(decay_db < level)) for level in (-5.0, -25.0))
        assert 3.0 * (last - first) / SAMPLE_RATE_HZ == pytest.approx(room.rt60_s, rel=0.35)


def test_rooms_differ_and_the_seed_decides_them(rooms: list[Room]) -> None:
    """Within the ranges asked for."""
    again = draw_rooms(6, rt60_s=(0.2, 0.4), distance_m=(0.5, 3.0), seed=1)
    assert all(np.array_equal(a.response, b.response) for a, b in zip(rooms, again, strict=True))
    assert len({room.distance_m for room in rooms}) == 6
    assert all(0.2 <= room.rt60_s <= 0.4 and 0.5 <= room.distance_m <= 3.0 for room in rooms)


def test_a_word_in_a_room_ends_when_its_last_sound_arrives(rooms: list[Room]) -> None:
    """Not when the room is quiet again: the label is the dry word's, later by the direct way."""
    dry = burst(0.1, 0.4, 0.2)
    alone = measured(lambda: dry, word="yes")
    assert alone is not None
    for room in rooms:
        wet = measured(lambda: dry, word="yes", room=room)
        assert wet is not None
        assert wet.active_start == alone.active_start + room.delay_samples
        assert wet.active_end == alone.active_end + room.delay_samples
        heard = wet.read()
        assert len(heard) == wet.length_samples
        assert wet.rms == pytest.approx(active_rms(heard))
        assert np.abs(heard[wet.active_end :]).max() > 0.01 * np.abs(heard).max()


@pytest.mark.parametrize(
    ("rt60_s", "distance_m", "problem"),
    [
        ((0.4, 0.2), (1.0, 2.0), "reverberation times from 0.4 to 0.2 s"),
        ((0.2, 5.0), (1.0, 2.0), "between 0.2 and 1"),
        ((0.2, 0.4), (0.0, 2.0), "distances from 0 to 2 m"),
        ((0.2, 0.4), (1.0, 50.0), "between 0.2 and 6"),
    ],
)
def test_rooms_that_cannot_be_are_refused_with_the_limits(
    rt60_s: tuple[float, float], distance_m: tuple[float, float], problem: str
) -> None:
    """Before any is simulated."""
    with pytest.raises(ValueError, match=problem):
        draw_rooms(1, rt60_s=rt60_s, distance_m=distance_m, seed=0)
