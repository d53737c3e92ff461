"""Durations as people say them."""

import pytest
from kws_train.progress import format_duration


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.2, "1 s"),
        (59, "59 s"),
        (60, "1 min"),
        (3540, "59 min"),
        (3541, "1 h 00 min"),
        (4000, "1 h 07 min"),
    ],
)
def test_durations_are_rounded_up(seconds: float, text: str) -> None:
    """Time left is never promised too short."""
    assert format_duration(seconds) == text
