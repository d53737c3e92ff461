"""Halving what is said by speaker."""

from dataclasses import dataclass
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from kws_live.eval.speakers import half_of, in_half


@dataclass(frozen=True)
class Recording:
    """Who speaks in which file."""

    path: Path
    speaker: str | None


NAMES = st.text("abcdef0123456789", min_size=1, max_size=8)
RECORDINGS = st.lists(
    st.builds(Recording, st.builds(Path, NAMES, NAMES), st.one_of(st.none(), NAMES)), max_size=40
)


def test_the_half_of_a_speaker_never_changes() -> None:
    """Streams made today and next year must not share voices: these are fixed for ever."""
    assert [half_of(name) for name in ("1272", "2035", "0132a06d", "012c8314")] == list("BBBA")


@given(RECORDINGS)
def test_halves_share_no_speaker_and_leave_nobody_out(recordings: list[Recording]) -> None:
    """Every recording is in exactly one, in its order."""
    a, b = in_half(recordings, "A"), in_half(recordings, "B")
    speakers = [{r.speaker for r in half if r.speaker} for half in (a, b)]
    assert speakers[0].isdisjoint(speakers[1])
    assert len(a) + len(b) == len(recordings)
    assert set(a).isdisjoint(b)
    assert [r for r in recordings if r in set(a)] == a


def test_halves_are_about_as_large() -> None:
    """Of a thousand speakers."""
    names = [f"speaker {number}" for number in range(1000)]
    assert 440 < sum(half_of(name) == "A" for name in names) < 560
