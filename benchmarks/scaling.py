"""What a hop costs, and how that grows with keywords, hop and model.

The engine alone, on one thread, back to back, on the bundled demo's speech; medians of processor
time, all contenders of a comparison in turn. In real time, with pauses in which others use the
caches, each hop costs up to twice as much: `cpu` measures that.

* streaming against whole windows, the default model, int8 and float32; and in batches, as `--input` goes
* the hop: 40 to 400 ms
* the model: random weights in other sizes, exported as any model is; with `--base` up to
  wav2vec2-base, which can't stream
* the decoder: 1 to 300 keywords

Beside each stands the limit: its multiplications (`arithmetic`) at the rate at which this machine
multiplies matrices of the same shapes (`gemm_rate`).

    python -m benchmarks.scaling                needs the extra [export]
    python -m benchmarks.scaling --model DIR --base
"""

import argparse
import json
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import soundfile

from benchmarks.arithmetic import Architecture, Macs
from benchmarks.common import DEMO, publish
from benchmarks.gemm_rate import float32_rate, int8_rate, limit_ms
from benchmarks.scaling_models import BASE, SIZES, random_model, variant
from benchmarks.whole_windows import whole_windows
from kws_live.config import DecoderSettings, KeywordSettings
from kws_live.model import Classifier, find_model, load_model_folder
from kws_live.stages.decoder import Decoder
from kws_live.stages.near_miss import NearMisses
from kws_live.stages.ring import Ring
from kws_live.types import SAMPLE_RATE_HZ, Int16Array, Posterior

HOPS_MS = (40, 60, 100, 200, 400)
KEYWORDS = (1, 10, 30, 100, 300)
TARGET_SHARE = 0.6
_COMPARISON_S = 6.0
_FEWEST_ROUNDS = 5
_BURST_HOPS = 10
"""One after another of the same: a program's own caches are warm."""
_RING_S = 30
_SPANS = 20
_SPAN_HOPS = 64


@dataclass(frozen=True)
class Cost:
    """One contender.

    Attributes:
        name: what it is.
        hop_ms: the hop.
        took_ms: median time a hop.
        macs: of a hop; None for the decoder.
        limit_ms: the time that these alone would take.
    """

    name: str
    hop_ms: float
    took_ms: float
    macs: Macs | None = None
    limit_ms: float | None = None

    @property
    def core_percent(self) -> float:
        """Share of a core's time that it takes while somebody speaks."""
        return 100 * self.took_ms / self.hop_ms

    def row(self) -> list[str]:
        """Return it as people read it."""
        return [
            self.name,
            f"{self.took_ms:.3f}",
            f"{self.core_percent:.2f} %",
            f"{self.macs.total / 1e6:.1f}" if self.macs else "",
            f"{self.limit_ms:.3f}" if self.limit_ms else "",
            f"{100 * self.limit_ms / self.took_ms:.0f} %" if self.limit_ms else "",
        ]

    def figures(self) -> dict[str, object]:
        """Return it for programs."""
        return {
            "name": self.name,
            "hop_ms": self.hop_ms,
            "took_ms": round(self.took_ms, 4),
            "macs": asdict(self.macs) if self.macs else None,
            "limit_ms": round(self.limit_ms, 4) if self.limit_ms else None,
        }


class Listener:
    """A model that infers hop after hop of a recording, as the daemon does, again from the start at its end."""

    def __init__(self, folder: Path, samples: Int16Array) -> None:
        self.folder = load_model_folder(folder)
        self.classifier = Classifier(self.folder)
        self._ring = Ring(len(samples))
        self._ring.write(samples)
        self._stream = self.classifier.stream(self._ring.read)
        self._end_sample = 0
        self.step()

    @property
    def hop_ms(self) -> float:
        """The hop."""
        return 1e3 * self.folder.hop_samples / SAMPLE_RATE_HZ

    def step(self) -> float:
        """Infer the next hop; return the processor time that took, in ms."""
        self._end_sample += self.folder.hop_samples
        if self._end_sample > self._ring.end_sample:
            self._end_sample = self.folder.hop_samples
            self._stream.reset()
        began_ns = time.thread_time_ns()
        self._stream.posteriors(self._end_sample)
        return (time.thread_time_ns() - began_ns) / 1e6


@dataclass(frozen=True)
class Limits:
    """This machine's rates at one model's shapes, in MACs per second."""

    architecture: Architecture
    int8_macs_s: float
    float32_macs_s: float

    @classmethod
    def of(cls, architecture: Architecture, window_samples: int, batch: int = 1) -> "Limits":
        """Measure them for windows, so many at a time."""
        products = architecture.products(batch * architecture.frames(window_samples))
        return cls(architecture, int8_rate(products), float32_rate(products))

    def cost(self, name: str, listener: Listener, took_ms: float) -> Cost:
        """Return what a hop of `listener` took beside the limit for what it runs."""
        folder, runtime = listener.folder, listener.classifier.runtime
        macs = (
            self.architecture.streaming(folder.window_samples, folder.hop_samples)
            if runtime.streams
            else self.architecture.whole(folder.window_samples)
        )
        int8_macs_s = self.int8_macs_s if "int8" in runtime.name else None
        limit = limit_ms(macs, int8_macs_s, self.float32_macs_s)
        how = runtime.name if runtime.streams else f"{runtime.name}, whole windows"
        return Cost(f"{name}, {how}", listener.hop_ms, took_ms, macs, limit)


def main() -> None:
    """Compare everything, and print and keep the figures."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.scaling",
        description="What a hop costs, and how that grows with keywords, hop and model.",
    )
    parser.add_argument("--model", default="default", help="a model that streams")
    parser.add_argument(
        "--base", action="store_true", help=f"{BASE} too: exporting it takes over ten minutes"
    )
    arguments = parser.parse_args()
    folder = find_model(arguments.model)
    sizes = [size for size in SIZES if arguments.base or size != BASE]
    samples, _ = soundfile.read(DEMO, dtype="int16")
    samples = np.resize(samples, _RING_S * SAMPLE_RATE_HZ)
    with tempfile.TemporaryDirectory() as temporary:
        place = Path(temporary)
        listeners = {runtime: Listener(one, samples) for runtime, one in runtimes(folder, place)}
        window_samples = load_model_folder(folder).window_samples
        limits = Limits.of(Architecture.read(folder), window_samples)
        batched = Limits.of(Architecture.read(folder), window_samples, batch=8)
        took = medians_ms(listeners)
        costs = [limits.cost(folder.name, one, took[name]) for name, one in listeners.items()]
        costs.append(in_batches(folder.name, listeners["int8 streaming"], samples, batched))
        costs += by_hop(folder, samples, limits, place)
        costs += by_size(sizes, folder, samples, place)
    costs += [decoder_cost(count) for count in KEYWORDS]
    _publish(folder.name, limits, batched, took, costs)


def runtimes(folder: Path, place: Path) -> list[tuple[str, Path]]:
    """Return folders that run one runtime each: those of `folder`, and the same in whole windows."""
    found = []
    for origin in (folder, whole_windows(folder, place / "whole")):
        listed = json.loads((origin / "kws.json").read_text(encoding="utf-8"))["runtimes"]
        for runtime in listed:
            target = place / runtime["name"].replace(" ", "-")
            found.append((runtime["name"], variant(origin, target, runtimes=[runtime])))
    return found


def medians_ms(listeners: Mapping[str, Listener]) -> dict[str, float]:
    """Return the median processor time for a hop of each listener, in ms, all in turn for some seconds."""
    times_ms: dict[str, list[float]] = {name: [] for name in listeners}
    until_s = time.perf_counter() + _COMPARISON_S
    rounds = 0
    while rounds < _FEWEST_ROUNDS or time.perf_counter() < until_s:
        for name, listener in listeners.items():
            times_ms[name] += [listener.step() for _ in range(_BURST_HOPS)]
        rounds += 1
    return {name: float(np.median(times)) for name, times in times_ms.items()}


def in_batches(name: str, listener: Listener, samples: Int16Array, limits: Limits) -> Cost:
    """Return what a hop costs in a span of many, as a file is gone through."""
    folder = listener.folder
    audio = samples[: folder.window_samples + (_SPAN_HOPS - 1) * folder.hop_samples]
    times_ms = []
    for _ in range(_SPANS):
        began_ns = time.thread_time_ns()
        listener.classifier.span_posteriors(audio)
        times_ms.append((time.thread_time_ns() - began_ns) / 1e6 / _SPAN_HOPS)
    cost = limits.cost(name, listener, float(np.median(times_ms)))
    return replace(cost, name=f"{cost.name}, in batches")


def by_hop(folder: Path, samples: Int16Array, limits: Limits, place: Path) -> list[Cost]:
    """Return what each hop costs with the model at other hops."""
    listeners = {
        f"hop of {hop_ms} ms": Listener(
            variant(folder, place / f"hop-{hop_ms}", hop_samples=hop_ms * SAMPLE_RATE_HZ // 1000),
            samples,
        )
        for hop_ms in HOPS_MS
    }
    took = medians_ms(listeners)
    return [limits.cost(name, listener, took[name]) for name, listener in listeners.items()]


def by_size(sizes: Sequence[str], folder: Path, samples: Int16Array, place: Path) -> list[Cost]:
    """Return what a hop costs with models of other sizes."""
    listeners, limits = {}, {}
    for size in sizes:
        target = place / size.replace(" ", "-")
        model = random_model(size, folder, samples, target)
        parameters = (model / "model.safetensors").stat().st_size / 4e6
        name = f"{size}, {parameters:.1f} M parameters"
        listeners[name] = Listener(model, samples)
        limits[name] = Limits.of(Architecture.read(model), listeners[name].folder.window_samples)
    took = medians_ms(listeners)
    return [limits[name].cost(name, listener, took[name]) for name, listener in listeners.items()]


def decoder_cost(keywords: int) -> Cost:
    """Return what a hop costs after the model, with so many keywords that come and go."""
    names = [f"word{number}" for number in range(keywords)]
    settings = DecoderSettings(0.3, 0.4, {name: KeywordSettings(0.5, 0.25, 1.0) for name in names})
    decoder = Decoder(names, settings, SAMPLE_RATE_HZ)
    near_misses = NearMisses(settings, SAMPLE_RATE_HZ)
    random = np.random.default_rng(0)
    times_ms = []
    for hop in range(2000):
        posterior = Posterior(
            hop * SAMPLE_RATE_HZ // 10, random.dirichlet(np.full(keywords, 0.05)).astype(np.float32)
        )
        began_ns = time.thread_time_ns()
        decision = decoder.step(posterior)
        detected = None if decision is None else decision.keyword
        near_misses.step(posterior.end_sample, decoder.scores, detected, lambda: (0, 0))
        times_ms.append((time.thread_time_ns() - began_ns) / 1e6)
    return Cost(f"decoder, {keywords} keywords", 100.0, float(np.median(times_ms)))


def _publish(
    model: str, limits: Limits, batched: Limits, took: Mapping[str, float], costs: list[Cost]
) -> None:
    share = took["int8 streaming"] / took["int8"]
    publish(
        "scaling",
        f"What a hop costs: one thread, back to back. Streaming takes {share:.2f} of whole windows. "
        f"This machine multiplies int8 at {limits.int8_macs_s / 1e9:.0f} and float32 at "
        f"{limits.float32_macs_s / 1e9:.0f} GMAC/s one window at a time, "
        f"{batched.int8_macs_s / 1e9:.0f} and {batched.float32_macs_s / 1e9:.0f} eight.",
        ["", "ms a hop", "of a core", "MMAC", "limit, ms", "limit ÷ measured"],
        [cost.row() for cost in costs],
        {
            "model": model,
            "targets": {"streaming_share": TARGET_SHARE},
            "streaming_share": {
                "int8": round(share, 4),
                "float32": round(took["float32 streaming"] / took["float32"], 4),
            },
            "gmac_per_s": {
                "1": {
                    "int8": round(limits.int8_macs_s / 1e9, 1),
                    "float32": round(limits.float32_macs_s / 1e9, 1),
                },
                "8": {
                    "int8": round(batched.int8_macs_s / 1e9, 1),
                    "float32": round(batched.float32_macs_s / 1e9, 1),
                },
            },
            "costs": [cost.figures() for cost in costs],
        },
    )


if __name__ == "__main__":
    main()
