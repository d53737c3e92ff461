"""Where the time between the end of a word and the start of its hook went, one detection at a time.

word ends   first window whose posterior passes   deciding window ends
    |─────────── model ───────────|──── smoothing ─────|
                                                       |── capture ──|─ gate ─|─ queue ─|─ inference ─|─ spawn ─|
                                                    arrived    let through   begun     detected     hook started
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from kws_live.types import SAMPLE_RATE_HZ, Float32Array


@dataclass(frozen=True, slots=True)
class Parts:
    """One detection, in ms; the parts add up to the whole.

    Attributes:
        model: end of the word → end of the first window whose posterior, by itself, reaches the
            threshold and stays there until the decision: the sound that the model needs to hear, and the wait
            for the next point of the hop's grid. Negative where the word was known before its end.
        smoothing: from there to the end of the deciding window.
        capture: the deciding window's last sample sounds → the block with it arrives in the
            capture process: the sound card's period, the sound server, PortAudio's block, and the
            later sound that the resampler needs to compute that sample.
        gate: arrival → the gate has let the window through.
        queue: → its inference begins.
        inference: → the detection is made.
        spawn: → the hook's process runs.
    """

    model: float
    smoothing: float
    capture: float
    gate: float
    queue: float
    inference: float
    spawn: float

    @property
    def total(self) -> float:
        """End of the word → the hook's process runs."""
        return float(sum(getattr(self, field.name) for field in fields(self)))


NAMES = tuple(field.name for field in fields(Parts))


@dataclass(frozen=True, slots=True)
class Posteriors:
    """What the model gave for the recording, as the daemon heard it.

    Attributes:
        labels: of the model, in the order of its outputs.
        end_samples: int64 [n], ends of the windows that were inferred, ascending.
        values: float32 [n, labels].
    """

    labels: Sequence[str]
    end_samples: npt.NDArray[np.int64]
    values: Float32Array

    def passed_sample(self, keyword: str, threshold: float, decided_sample: int) -> int:
        """Return the end of the first window from which on the posterior stayed at the threshold.

        Args:
            keyword: what was detected.
            threshold: of its score.
            decided_sample: end of the deciding window.

        Raises:
            ValueError: the window at `decided_sample` was not inferred or did not pass: these are not
                the daemon's posteriors.
        """
        at = int(np.searchsorted(self.end_samples, decided_sample))
        posterior = self.values[:, self.labels.index(keyword)]
        # To a little under the threshold: a score that close to it is exempt from being equal.
        passes = posterior >= threshold - 1e-5
        if at == len(passes) or self.end_samples[at] != decided_sample or not passes[at]:
            raise ValueError(
                f"{keyword} was detected at sample {decided_sample}, not in the replay"
            )
        while at and passes[at - 1]:
            at -= 1
        return int(self.end_samples[at])


@dataclass(frozen=True, slots=True)
class Clock:
    """Relates the daemon's stream to when things sounded.

    Attributes:
        offset_s: where the recording begins in the daemon's stream.
        began_ms: time of day at which the recording's first sample sounded, in ms since the epoch.
    """

    offset_s: float
    began_ms: float

    def sounded_ms(self, stream_s: float) -> float:
        """Return the time of day at which a point of the stream sounded, in ms since the epoch."""
        return self.began_ms + 1e3 * (stream_s - self.offset_s)


def parts(
    word_end_s: float,
    detection: Mapping[str, Any],
    started: Mapping[str, Any],
    started_ms: float,
    posteriors: Posteriors,
    clock: Clock,
) -> Parts:
    """Return where the time of one detection went.

    Args:
        word_end_s: in the daemon's stream.
        detection: the daemon's `detection` event.
        started: its `hook` event with the state `started`.
        started_ms: time of day of that event, in ms since the epoch.
        posteriors: of the `--record` file.
        clock: when it sounded.
    """
    decided_s = detection["decided_s"]
    decided_sample = round(decided_s * SAMPLE_RATE_HZ)
    passed_s = (
        posteriors.passed_sample(detection["keyword"], detection["threshold"], decided_sample)
        / SAMPLE_RATE_HZ
    )
    latency_ms = detection["latency_ms"]
    return Parts(
        model=1e3 * (passed_s - word_end_s),
        smoothing=1e3 * (decided_s - passed_s),
        capture=started_ms - started["latency_ms"] - clock.sounded_ms(decided_s),
        gate=latency_ms["gate"],
        queue=latency_ms["queue"],
        inference=latency_ms["inference"],
        spawn=started["latency_ms"] - latency_ms["total"],
    )
