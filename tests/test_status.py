"""What the program says of itself: levels as people know them."""

import numpy as np
import pytest

from kws_live.status import LEVEL_FLOOR_DB, Status, level_db


@pytest.mark.parametrize(
    ("amplitude", "level"), [(32_767, 0.0), (3_277, -20.0), (1, -90.0), (0, -90.0)]
)
def test_the_level_is_in_db_of_full_scale(amplitude: int, level: float) -> None:
    """A square wave of full scale has 0 dB, digital silence the floor."""
    samples = np.tile(np.array([amplitude, -amplitude], np.int16), 240)
    assert level_db(samples) == pytest.approx(level, abs=0.01)
    assert level_db(samples) >= LEVEL_FLOOR_DB


def test_a_snapshot_has_the_level_of_the_latest_audio() -> None:
    """And none once the device is lost."""
    status = Status(thresholds={}, model="")
    assert status.snapshot().level_db == LEVEL_FLOOR_DB
    status.audio(1.0, np.full(480, -3_277, np.int16), gate_open=True, gate_open_s=0.5)
    assert status.snapshot().level_db == pytest.approx(-20.0, abs=0.01)
    status.device_state(ok=False)
    assert status.snapshot().level_db == LEVEL_FLOOR_DB
