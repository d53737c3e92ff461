"""What does the gate cost in words, and what does it save in work?

The same words are decoded without a gate and behind gates of different settings, at the shipped
thresholds; what one of the two finds and the other doesn't is counted per condition, which is what
the name of a stream ends in after its last underscore. Streams without words give false accepts;
plain noise and `--mix` tell how long each gate stays open. The installed program then runs over the
mix in real time, with the gate and without.

    python -m benchmarks.gate --streams words_*.flac --noise noise/* --mix mix.flac --cache DIR
"""

import argparse
import os
import subprocess
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import soundfile

from benchmarks.common import kws_live, publish
from benchmarks.stored import every_hop, gated, read_samples, spans, weighted
from kws_live.config import Config, EffectiveSettings, GateSettings, effective
from kws_live.eval.intervals import binomial_interval
from kws_live.eval.match import Matching, Truth
from kws_live.eval.posteriors import Stored
from kws_live.eval.sweep import decisions
from kws_live.model import ModelFolder, find_model, load_model_folder
from kws_live.types import SAMPLE_RATE_HZ, Int16Array


@dataclass(frozen=True)
class Paired:
    """One gate in one condition, against no gate.

    Attributes:
        words: how many were said.
        lost: words found only without the gate.
        won: words found only with it.
        misses: words missed with it.
        false_accepts: with it.
        false_accepts_open: without.
        hours: of audio.
        open_share: of the audio, that passed.
    """

    words: int
    lost: int
    won: int
    misses: int
    false_accepts: int
    false_accepts_open: int
    hours: float
    open_share: float

    def figures(self) -> dict[str, object]:
        """For programs."""
        shown: dict[str, object] = {"hours": round(self.hours, 3)}
        if self.words:
            shown |= {
                "words": self.words,
                "lost": self.lost,
                "won": self.won,
                "frr": round(self.misses / self.words, 4),
                "lost_share": round(self.lost / self.words, 5),
                "lost_share_ci95": [
                    round(bound, 5) for bound in binomial_interval(self.lost, self.words)
                ],
            }
        else:
            shown |= {
                "false_accepts": self.false_accepts,
                "false_accepts_without_gate": self.false_accepts_open,
            }
        return shown | {"open_share": round(self.open_share, 4)}


def main() -> None:
    """Compare all gates, time the shipped one, and publish."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--streams", nargs="+", type=Path, required=True)
    parser.add_argument("--noise", nargs="+", type=Path, required=True, help="nobody speaks there")
    parser.add_argument("--mix", type=Path, required=True, help="a minute or two of typical use")
    parser.add_argument("--cache", type=Path, required=True, help="folder that keeps posteriors")
    arguments = parser.parse_args()

    folder = load_model_folder(find_model("default"))
    settings = effective(Config(), folder.operating_point)
    noise = np.concatenate([_mono(path) for path in arguments.noise])
    mix = read_samples(arguments.mix)
    streams = [
        (weighted(stored, folder.labels, folder.unknown_weight), read_samples(stored.path))
        for stored in every_hop(arguments.streams, folder, arguments.cache)
    ]
    open_matchings = [_matching(stored, folder, settings) for stored, _ in streams]

    rows, figures = [], []
    for name, gate in _gates(settings.gate).items():
        by = _compare(streams, open_matchings, gate, folder, settings)
        words = {condition: paired for condition, paired in by.items() if paired.words}
        speech = {condition: paired for condition, paired in by.items() if not paired.words}
        rows.append(
            [
                name,
                *(f"{p.lost}/{p.won} of {p.words}" for p in words.values()),
                *(f"{p.false_accepts} / {p.false_accepts_open}" for p in speech.values()),
                f"{100 * _open_share(noise, gate):.0f}",
                f"{100 * _open_share(mix, gate):.0f}",
            ]
        )
        figures.append(
            {
                "gate": {"mode": gate.mode, "onset_s": gate.onset_s}
                | {"hangover_s": gate.hangover_s, "preroll_s": gate.preroll_s},
                "conditions": {condition: paired.figures() for condition, paired in by.items()},
                "noise_open_share": round(_open_share(noise, gate), 4),
                "mix_open_share": round(_open_share(mix, gate), 4),
            }
        )
    cpu = {
        "with_gate": _cpu_percent(arguments.mix, enabled=True),
        "without_gate": _cpu_percent(arguments.mix, enabled=False),
    }
    publish(
        "gate",
        "words lost/won by the gate, false accepts with / without it; CPU over the mix: "
        f"{cpu['with_gate']:.2f} % of a core with the shipped gate, {cpu['without_gate']:.2f} % without",
        [
            "gate",
            *(f"words {condition}" for condition in words),
            *(f"FA {condition}" for condition in speech),
            "noise open %",
            "mix open %",
        ],
        rows,
        {
            "streams": [stored.path.stem for stored, _ in streams],
            "noise_s": round(len(noise) / SAMPLE_RATE_HZ, 1),
            "mix": arguments.mix.name,
            "mix_s": round(len(mix) / SAMPLE_RATE_HZ, 1),
            "mix_cpu_percent_of_a_core": cpu,
            "gates": figures,
        },
    )


def _gates(shipped: GateSettings) -> dict[str, GateSettings]:
    """The shipped gate, and others that differ in one or two settings."""
    found = {"shipped": shipped}
    for mode in range(4):
        found[f"mode {mode}"] = replace(shipped, mode=mode)
    for onset_s in (0.03, 0.09, 0.15):
        found[f"onset {onset_s} s"] = replace(shipped, onset_s=onset_s)
    for hangover_s in (0.2, 0.4, 0.5, 0.6, 0.7, 0.8, 1.0):
        found[f"hangover {hangover_s} s"] = replace(shipped, hangover_s=hangover_s)
    for preroll_s in (0.0, 0.1, 0.2, 0.5):
        found[f"pre-roll {preroll_s} s"] = replace(shipped, preroll_s=preroll_s)
    for mode in (0, 1):
        found[f"mode {mode}, hangover 0.6 s"] = replace(shipped, mode=mode, hangover_s=0.6)
    found["mode 3, hangover 1.0 s, pre-roll 0.5 s"] = replace(
        shipped, mode=3, hangover_s=1.0, preroll_s=0.5
    )
    return found


def _matching(stored: Stored, folder: ModelFolder, settings: EffectiveSettings) -> Matching:
    truth = Truth(stored.labels, tuple(settings.decoder.keywords), stored.duration_s)
    return truth.match(decisions(stored, folder.labels, settings.decoder))


def _compare(
    streams: Sequence[tuple[Stored, Int16Array]],
    open_matchings: Sequence[Matching],
    gate: GateSettings,
    folder: ModelFolder,
    settings: EffectiveSettings,
) -> dict[str, Paired]:
    """Return the counts of each condition, in the order of the streams."""
    parts = defaultdict(list)
    for (stored, audio), before in zip(streams, open_matchings, strict=True):
        behind = gated(stored, audio, gate, folder.hop_samples)
        after = _matching(behind, folder, settings)
        said = len(after.hits) + len(after.misses)
        condition = stored.path.stem.rpartition("_")[2] if said else _speech_condition(stored)
        parts[condition].append(
            Paired(
                words=said,
                lost=len(set(after.misses) - set(before.misses)),
                won=len(set(before.misses) - set(after.misses)),
                misses=len(after.misses),
                false_accepts=len(after.false_accepts),
                false_accepts_open=len(before.false_accepts),
                hours=stored.duration_s / 3600,
                open_share=behind.open_s / stored.duration_s,
            )
        )
    return {condition: _sum(some) for condition, some in parts.items()}


def _speech_condition(stored: Stored) -> str:
    """`speech_A` → `speech`, `speech_A_10` → `speech 10`."""
    first, _, rest = stored.path.stem.partition("_")
    return " ".join((first, *rest.split("_")[1:]))


def _sum(parts: Sequence[Paired]) -> Paired:
    hours = sum(part.hours for part in parts)
    counted = ("words", "lost", "won", "misses", "false_accepts", "false_accepts_open")
    return Paired(
        **{name: sum(getattr(part, name) for part in parts) for name in counted},
        hours=hours,
        open_share=sum(part.open_share * part.hours for part in parts) / hours,
    )


def _open_share(audio: Int16Array, gate: GateSettings) -> float:
    passed = sum(span.end_sample - span.start_sample for span in spans(audio, gate))
    return passed / len(audio)


def _mono(path: Path) -> Int16Array:
    samples, _ = soundfile.read(path, dtype="int16", always_2d=True)
    first: Int16Array = samples[:, 0]
    return first


def _cpu_percent(mix: Path, *, enabled: bool) -> float:
    """Return what the installed program takes of one core, from its first event to its last."""
    env = os.environ | {"KWS_LIVE_GATE_ENABLED": str(enabled).lower()}
    command = [str(kws_live()), "--input", str(mix), "--realtime", "--json"]
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True) as daemon:
        assert daemon.stdout is not None
        daemon.stdout.readline()
        begun_cpu_s, begun_s = _cpu_s(daemon.pid), time.monotonic()
        used_s = passed_s = 0.0
        for _ in daemon.stdout:
            used_s, passed_s = _cpu_s(daemon.pid) - begun_cpu_s, time.monotonic() - begun_s
    return 100 * used_s / passed_s


def _cpu_s(pid: int) -> float:
    """Return the CPU time of a process that was not waited for yet, threads that ended included."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
