"""What a person reads while a model is exported."""

import pytest
from kws_export.measure import Measured
from kws_export.report import cost_report

FLOAT32 = Measured("float32", 900, 1000, 4.0, 2_000_000)


@pytest.mark.parametrize(
    ("correct", "told"),
    [
        (893, "int8 names 7 of 1000 windows fewer rightly (-0.70%), in 0.25 of the time"),
        (900, "int8 names 0 of 1000 windows fewer rightly (+0.00%), in 0.25 of the time"),
        (902, "int8 names 2 of 1000 windows more rightly (+0.20%), in 0.25 of the time"),
    ],
)
def test_what_int8_costs_is_told_beside_float32(correct: int, told: str) -> None:
    """In windows, in points and in time; it may gain some too."""
    report = cost_report((Measured("int8", correct, 1000, 1.0, 500_000), FLOAT32))
    assert report.splitlines()[-1].strip() == told
    assert f"{correct / 1000:.2%} ({correct}/1000)    1.00 ms     0.5 MB" in report


def test_float32_alone_is_compared_with_nothing() -> None:
    """It has its own line."""
    assert cost_report((FLOAT32,)).splitlines()[1:] == [
        "  float32                90.00% (900/1000)    4.00 ms     2.0 MB"
    ]
