"""How much audio a running device has lost, judged by the clock.

Sound systems lose audio without saying so: a stall of 16 s has cost 5 s with no overflow reported.
What doesn't lie is the number of frames received against the time that has passed.
"""

from collections import deque


class LossMeter:
    """Compares frames received with time passed, over a sliding window.

    The lag of a block is the time at which it came less the length of the audio up to its end.
    Scheduling only ever adds to the lag, and takes it back with the blocks that come in a burst
    afterwards; a loss adds to it for good. So a loss is what the *least* lag of the last `window_s`
    has risen by. The window is counted in time at the device's normal pace, so that neither a stall
    nor the burst after it uses it up. The lag may also creep, as the clocks of device and computer
    differ by up to `drift_ppm`.
    """

    def __init__(
        self,
        rate_hz: int,
        window_s: float = 10.0,
        tolerance_s: float = 0.1,
        drift_ppm: float = 200.0,
    ) -> None:
        """Start with nothing received.

        Args:
            rate_hz: nominal rate of the device.
            window_s: how long a lag must last to be a loss.
            tolerance_s: least loss reported; smaller ones are reported when they have added up to
                it.
            drift_ppm: difference of the clocks that is not a loss.
        """
        self._rate_hz = rate_hz
        self._window_s = window_s
        self._tolerance_s = tolerance_s
        self._drift = drift_ppm * 1e-6
        self._origin_ns = 0
        self._last_ns = 0
        self._frames = 0
        self._pace_s = 0.0
        self._base_s: float | None = None
        # (pace, lag) with the lags rising: the first one is the least of the window.
        self._window: deque[tuple[float, float]] = deque()

    def push(self, arrived_ns: int, frames: int) -> int:
        """Count a block in.

        Args:
            arrived_ns: when its last frame was there, in ns on a clock that counts suspended time
                too.
            frames: its length.

        Returns:
            Frames found to have been lost before this block, 0 nearly always.
        """
        if self._base_s is None:
            self._origin_ns = self._last_ns = arrived_ns
            self._frames = -frames
            self._base_s = 0.0
        self._frames += frames
        step_s = (arrived_ns - self._last_ns) / 1e9
        self._last_ns = arrived_ns
        self._pace_s += min(max(step_s, 0.0), 2 * frames / self._rate_hz)
        lag_s = (arrived_ns - self._origin_ns) / 1e9 - self._frames / self._rate_hz
        while self._window and self._window[-1][1] >= lag_s:
            self._window.pop()
        self._window.append((self._pace_s, lag_s))
        while self._window[0][0] < self._pace_s - self._window_s:
            self._window.popleft()

        least_s = self._window[0][1]
        excess_s = least_s - self._base_s
        if excess_s <= self._tolerance_s:
            self._base_s = min(least_s, self._base_s + self._drift * max(step_s, 0.0))
            return 0
        lost_frames = round(excess_s * self._rate_hz)
        self._frames += lost_frames
        lost_s = lost_frames / self._rate_hz
        self._window = deque((pace_s, lag - lost_s) for pace_s, lag in self._window)
        return lost_frames

    @property
    def end_ns(self) -> int:
        """When the last frame counted in was due, on the clock given to `push`.

        A device that is reopened later has lost the time from here on: also what it had delivered
        late and what a loss not yet reported has cost.
        """
        end_s = self._frames / self._rate_hz + (self._base_s or 0.0)
        return self._origin_ns + round(end_s * 1e9)
