"""Whether an int8 form is worth shipping: what it loses and what it gains, as measured on export."""

from .measure import Measured

MAX_INT8_LOSS = 0.01
"""Share of the validation windows that int8 may name wrongly beyond float32's."""

MAX_RANGE_LOSS = 0.001
"""Share that 7-bit weights may name wrongly beyond 8-bit ones: then they ship, for processors on which 8 saturate."""

SAME_TIME = 1.05
"""Ratio of two times that can't be told apart on a machine that does other things too."""


def refusal(int8: Measured, float32: Measured) -> str | None:
    """Return why an int8 runtime isn't to be shipped, None if it is.

    It must lose at most MAX_INT8_LOSS of the windows, and take at most SAME_TIME of float32's time.
    """
    if loses_too_much(int8, float32):
        return (
            f"{int8.name} names {float32.correct - int8.correct} of {int8.clips} validation windows fewer rightly "
            f"than {float32.name} (at most {MAX_INT8_LOSS:.0%} is allowed)"
        )
    if int8.hop_ms > SAME_TIME * float32.hop_ms:
        return f"{int8.name} takes {int8.hop_ms:.2f} ms for a hop, {float32.name} {float32.hop_ms:.2f} ms"
    return None


def loses_too_much(int8: Measured, float32: Measured) -> bool:
    """Return whether an int8 runtime loses more than MAX_INT8_LOSS of the windows."""
    return float32.correct - int8.correct > MAX_INT8_LOSS * int8.clips


def prefers_reduced_range(full: int, reduced: int, clips: int) -> bool:
    """Return whether 7-bit weights ship, from how many of `clips` windows each range names rightly."""
    return full - reduced <= MAX_RANGE_LOSS * clips
