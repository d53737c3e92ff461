"""What the program is doing right now, for the display and for `stats` events.

The stages' threads write, the display reads: one lock, copies out. Nothing here decides anything.
"""

import math
import threading
from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from kws_live.types import Int16Array

LEVEL_FLOOR_DB = -90.0
_LATENCIES_KEPT = 1_000
_SILENCE = np.zeros(0, dtype=np.int16)


@dataclass(frozen=True, slots=True)
class Counters:
    """Totals since the start, each counting things or seconds of audio; near misses by keyword."""

    inferred_hops: int = 0
    dropped_hops: int = 0
    gate_open_s: float = 0.0
    lost_s: float = 0.0
    gaps: int = 0
    detections: int = 0
    near_misses: Mapping[str, int] = field(default_factory=dict)
    device_losses: int = 0


@dataclass(frozen=True, slots=True)
class StatusSnapshot:
    """A consistent copy of the state at one moment.

    Attributes:
        stream_s: audio time since the stream began.
        duration_s: length of the input where it is known (a file), else None.
        level_db: RMS of the last block in dBFS, `LEVEL_FLOOR_DB` for silence.
        gate_open: whether the voice-activity gate is open.
        scores: smoothed posterior of each enabled keyword at the last inferred hop, 0..1.
        thresholds: threshold of each enabled keyword, 0..1.
        latency_p50_ms: median of arrival of the deciding window's last sample → detection; None
            before the first.
        latency_p95_ms: 95th percentile of the same.
        counters: totals.
        device: the device or file as people know it.
        device_ok: False while the device is lost.
        model: the model's name and the runtime file in use.
        clips_folder: where clips are being kept; empty while none are.
    """

    stream_s: float
    duration_s: float | None
    level_db: float
    gate_open: bool
    scores: Mapping[str, float]
    thresholds: Mapping[str, float]
    latency_p50_ms: float | None
    latency_p95_ms: float | None
    counters: Counters
    device: str
    device_ok: bool
    model: str
    clips_folder: str = ""


@dataclass(slots=True)
class Status:
    """The mutable side of `StatusSnapshot`; every method may be called on any thread."""

    thresholds: Mapping[str, float]
    model: str
    device: str = ""
    duration_s: float | None = None
    clips_folder: str = ""
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _stream_s: float = 0.0
    _latest: Int16Array = field(default_factory=lambda: _SILENCE)
    _gate_open: bool = False
    _device_ok: bool = True
    _scores: Mapping[str, float] = field(default_factory=dict)
    _latencies_ms: deque[float] = field(default_factory=lambda: deque(maxlen=_LATENCIES_KEPT))
    _latency_p50_ms: float | None = None
    _latency_p95_ms: float | None = None
    _inferred_hops: int = 0
    _dropped_hops: int = 0
    _gate_open_s: float = 0.0
    _lost_s: float = 0.0
    _gaps: int = 0
    _detections: int = 0
    _near_misses: Counter[str] = field(default_factory=Counter)
    _device_losses: int = 0

    def audio(
        self, stream_s: float, latest: Int16Array, gate_open: bool, gate_open_s: float
    ) -> None:
        """Record that audio up to `stream_s` was taken in, `gate_open_s` of it through the gate.

        `latest`, int16 [n], is its end. Its level is worked out when somebody asks, not here: audio
        comes more often, and mostly nobody looks.
        """
        with self._lock:
            self._stream_s = stream_s
            self._latest = latest
            self._gate_open = gate_open
            self._gate_open_s = gate_open_s

    def gap(self, lost_s: float) -> None:
        """Record `lost_s` seconds of audio that never arrived."""
        with self._lock:
            self._gaps += 1
            self._lost_s += lost_s

    def device_state(self, ok: bool) -> None:
        """Record that the device was lost or came back."""
        with self._lock:
            self._device_ok = ok
            self._device_losses += not ok
            if not ok:
                self._latest = _SILENCE
                self._gate_open = False

    def hop(self, scores: Mapping[str, float]) -> None:
        """Record the scores of one inferred hop."""
        with self._lock:
            self._inferred_hops += 1
            self._scores = scores

    def dropped(self, hops: int) -> int:
        """Record hops skipped because inference fell behind; return their total."""
        with self._lock:
            self._dropped_hops += hops
            return self._dropped_hops

    def detection(self, latency_ms: float | None) -> None:
        """Record one detection and, when live, its latency."""
        with self._lock:
            self._detections += 1
            if latency_ms is not None:
                # Here and not in `snapshot`, which the display calls far more often.
                self._latencies_ms.append(latency_ms)
                percentiles = np.percentile(self._latencies_ms, [50, 95])
                self._latency_p50_ms, self._latency_p95_ms = percentiles.tolist()

    def near_miss(self, keyword: str) -> None:
        """Record one near miss."""
        with self._lock:
            self._near_misses[keyword] += 1

    def snapshot(self) -> StatusSnapshot:
        """Return a consistent copy."""
        with self._lock:
            return StatusSnapshot(
                stream_s=self._stream_s,
                duration_s=self.duration_s,
                level_db=level_db(self._latest),
                gate_open=self._gate_open,
                scores=self._scores,
                thresholds=self.thresholds,
                latency_p50_ms=self._latency_p50_ms,
                latency_p95_ms=self._latency_p95_ms,
                counters=Counters(
                    inferred_hops=self._inferred_hops,
                    dropped_hops=self._dropped_hops,
                    gate_open_s=self._gate_open_s,
                    lost_s=self._lost_s,
                    gaps=self._gaps,
                    detections=self._detections,
                    near_misses=dict(self._near_misses),
                    device_losses=self._device_losses,
                ),
                device=self.device,
                device_ok=self._device_ok,
                model=self.model,
                clips_folder=self.clips_folder,
            )


def level_db(samples: Int16Array) -> float:
    """Return the RMS of int16 [n] in dB of full scale, at least `LEVEL_FLOOR_DB`."""
    if not len(samples):
        return LEVEL_FLOOR_DB
    wide = samples.astype(np.float32)
    power = float(np.dot(wide, wide)) / len(samples) / 32768.0**2
    return max(LEVEL_FLOOR_DB, 10.0 * math.log10(power)) if power else LEVEL_FLOOR_DB
