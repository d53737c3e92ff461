"""transformers and the daemon name the same in the shipped model folder."""

import numpy as np
import soundfile
from support import daemon

from benchmarks.agreement import compare
from benchmarks.common import ROOT
from benchmarks.quality_texts import POSTERIOR
from kws_live.eval.clip_runs import centred_window
from kws_live.eval.tracks import read_track
from kws_live.model import load_model_folder


def test_the_pipeline_and_the_daemon_agree_on_the_demo() -> None:
    """On each of its words, and on digital zero: posteriors in float32, top labels in int8."""
    folder = load_model_folder(ROOT / "models" / "default")
    audio, _ = soundfile.read(daemon.DEMO / "demo.flac", dtype="int16")
    words = [
        audio[round((label.start_s - 0.2) * 16_000) : round((label.end_s + 0.2) * 16_000)]
        for label in read_track(daemon.DEMO / "demo.txt")
    ]
    windows = [centred_window(word, folder.window_samples) for word in words]
    windows.append(np.zeros(folder.window_samples, np.int16))
    found = compare(folder, np.stack(windows))
    assert found.windows == 17
    assert found.largest_difference <= POSTERIOR
    assert found.same_label_float32 == found.same_label == 17
