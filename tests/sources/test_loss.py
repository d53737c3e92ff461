"""How much audio a device has lost, judged by the clock alone."""

from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kws_live.sources.loss import LossMeter

RATE_HZ = 48_000
BLOCK_S = 0.03
BLOCK_FRAMES = round(BLOCK_S * RATE_HZ)
WINDOW_S = 10.0

DRIFTS = st.floats(-100e-6, 100e-6)
SEEDS = st.integers(0, 2**32 - 1)
STALLS = st.lists(st.tuples(st.integers(50, 3_000), st.floats(0.05, 1.9)), max_size=5)


@dataclass
class Device:
    """A device whose blocks come late, in bursts, by a clock of its own; and that loses some."""

    meter: LossMeter = field(default_factory=lambda: LossMeter(RATE_HZ))
    drift: float = 0.0
    jitter_s: float = 0.0
    seed: int = 0
    now_s: float = 50.0
    reported_s: float = 0.0
    reports: list[float] = field(default_factory=list)
    _delivered_s: float = 0.0

    def __post_init__(self) -> None:
        self._random = np.random.default_rng(self.seed)

    def run(self, blocks: int, stalls: dict[int, float] | None = None) -> None:
        """Deliver `blocks`; a stall holds back one block, and those behind it, by so many seconds."""
        for index in range(blocks):
            self.now_s += BLOCK_S * (1 + self.drift)
            late_s = self._random.uniform(0, self.jitter_s) + (stalls or {}).get(index, 0.0)
            self._delivered_s = max(self._delivered_s, self.now_s + late_s)
            lost = self.meter.push(round(self._delivered_s * 1e9), BLOCK_FRAMES)
            assert lost >= 0
            if lost:
                self.reported_s += lost / RATE_HZ
                self.reports.append(self.now_s)

    def lose(self, lost_s: float) -> None:
        """Let time pass without audio."""
        self.now_s += lost_s


@settings(max_examples=60, deadline=None)
@given(drift=DRIFTS, jitter_s=st.floats(0, 0.09), seed=SEEDS, stalls=STALLS)
def test_drift_jitter_and_bursts_are_not_losses(
    drift: float, jitter_s: float, seed: int, stalls: list[tuple[int, float]]
) -> None:
    """However late the blocks come, what all arrives in the end was not lost."""
    device = Device(drift=drift, jitter_s=jitter_s, seed=seed)
    device.run(3_400, dict(stalls))
    assert device.reported_s == 0


@settings(max_examples=60, deadline=None)
@given(
    drift=DRIFTS,
    jitter_s=st.floats(0, 0.09),
    seed=SEEDS,
    stalls=STALLS,
    losses_s=st.lists(st.floats(0.15, 30.0), min_size=1, max_size=3),
)
def test_true_losses_are_measured(
    drift: float,
    jitter_s: float,
    seed: int,
    stalls: list[tuple[int, float]],
    losses_s: list[float],
) -> None:
    """Each loss is reported once, with its length, amid drift, jitter and bursts."""
    device = Device(drift=drift, jitter_s=jitter_s, seed=seed)
    device.run(700)
    for lost_s in losses_s:
        device.lose(lost_s)
        device.run(700, {index % 200: late_s for index, late_s in stalls})
    assert device.reported_s == pytest.approx(sum(losses_s), abs=0.03)
    assert len(device.reports) == len(losses_s)


@pytest.mark.parametrize("drift", [-100e-6, 100e-6])
def test_a_day_of_drift_is_not_a_loss(drift: float) -> None:
    """The clocks of two crystals part by 8 s in a day, without a sample lost."""
    meter = LossMeter(RATE_HZ)
    step_ns = round(1e9 * (1 + drift))
    assert sum(meter.push(n * step_ns, RATE_HZ) for n in range(86_400)) == 0


def test_a_loss_is_reported_when_it_has_lasted_for_the_window() -> None:
    """Not before, for the blocks could still come; and not much later."""
    device = Device(jitter_s=0.02)
    device.run(500)
    device.lose(2.0)
    back_s = device.now_s
    device.run(500)
    assert device.reports == [pytest.approx(back_s + WINDOW_S, abs=0.5)]


def test_a_long_stall_that_kept_part_of_the_audio_cost_the_rest() -> None:
    """16 s of silence, then 11 s of audio at once: 5 s are lost."""
    device = Device()
    device.run(500)
    stalled = round(11 / BLOCK_S)
    device.lose(5.0)
    device.run(stalled + 500, {0: 11.0})
    assert device.reported_s == pytest.approx(5.0, abs=0.01)


def test_a_stall_right_after_a_report_is_not_a_loss() -> None:
    """What was seen before the report still counts: it says how little lag there can be."""
    device = Device()
    device.run(500)
    device.lose(2.0)
    while not device.reports:
        device.run(1)
    device.run(500, {0: 1.0})
    assert device.reported_s == pytest.approx(2.0, abs=0.01)


def test_a_suspended_hour_is_a_loss() -> None:
    """The clock that counts suspended time jumps, and the device goes on as if nothing had been."""
    device = Device(jitter_s=0.01)
    device.run(500)
    device.lose(3_600.0)
    device.run(500)
    assert device.reported_s == pytest.approx(3_600.0, abs=0.02)


def test_small_losses_add_up() -> None:
    """A block lost now and then is reported when it has become a tenth of a second."""
    device = Device()
    for _ in range(100):
        device.run(60)
        device.lose(BLOCK_S)
    device.run(500)
    assert device.reported_s == pytest.approx(100 * BLOCK_S, abs=0.12)


@settings(max_examples=40, deadline=None)
@given(drift=DRIFTS, jitter_s=st.floats(0, 0.09), seed=SEEDS, lost_s=st.floats(0, 5.0))
def test_the_end_of_the_audio_is_known_also_while_a_loss_is_not_reported(
    drift: float, jitter_s: float, seed: int, lost_s: float
) -> None:
    """The end is the due time of the last frame, as the clock had it before the loss."""
    device = Device(drift=drift, jitter_s=jitter_s, seed=seed)
    device.run(500)
    device.lose(lost_s)
    device.run(100)
    expected_s = device.now_s - lost_s - device.reported_s
    assert device.meter.end_ns / 1e9 == pytest.approx(expected_s, abs=0.02)
