"""Whether the graph computes what the checkpoint computes, on audio a microphone can deliver."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from kws_live.model.classifier import softmax
from kws_live.types import Int16Array

from .checkpoint import Checkpoint
from .errors import CheckpointError, ParityError
from .measure import BATCH, Graph

MAX_DIFFERENCE = 1e-4
"""Largest difference of a posterior between torch and ONNX that is written."""

MIN_WINDOWS = 200
EXTREME_WINDOWS = 40
RECORDED = "as recorded"


@dataclass(frozen=True)
class Parity:
    """How far ONNX is from torch on one kind of window.

    Attributes:
        kind: what the windows are.
        windows: how many there are.
        difference: the largest of any posterior, 0..1.
        again: whether the same windows are in another entry too.
    """

    kind: str
    windows: int
    difference: float
    again: bool = False


def parity_windows(clips: Int16Array) -> Mapping[str, Int16Array]:
    """Return windows to compare on, by kind, each drawn evenly from all clips: int16 [n, samples].

    `quiet` ones peak at 1 to 20 steps of the converter, `clipped` ones are 12 to 36 dB too loud, `cut` ones
    are digital zero up to the middle of the clip, as at the start of a stream.

    Raises:
        CheckpointError: there are fewer than MIN_WINDOWS clips.
    """
    if len(clips) < MIN_WINDOWS:
        raise CheckpointError(
            f"validation.npz holds {len(clips)} clips, but the exported graph is compared with the "
            f"checkpoint on at least {MIN_WINDOWS}; add more"
        )
    few = _evenly(clips, EXTREME_WINDOWS).astype(np.float32)
    peaks = np.maximum(np.abs(few).max(axis=1, keepdims=True), 1)
    targets = np.linspace(1, 20, len(few), dtype=np.float32)[:, np.newaxis]
    gains_db = np.linspace(12, 36, len(few), dtype=np.float32)[:, np.newaxis]
    louder = few / peaks * 32767 * 10 ** (gains_db / 20)
    cut = _evenly(clips, EXTREME_WINDOWS).copy()
    cut[:, : cut.shape[1] // 2] = 0
    return {
        RECORDED: _evenly(clips, MIN_WINDOWS),
        "quiet": np.rint(few / peaks * targets).astype(np.int16),
        "clipped": np.clip(np.rint(louder), -32768, 32767).astype(np.int16),
        "cut": cut,
        "digital zero": np.zeros((1, clips.shape[1]), np.int16),
    }


def check_parity(
    checkpoint: Checkpoint, graphs: Sequence[Graph], clips: Int16Array
) -> list[Parity]:
    """Return how far posteriors of graphs are from those of the checkpoint, one entry per kind of window.

    Each window is inferred alone, as the daemon does; those as recorded in batches too. Of several graphs, the one
    farthest off counts.

    Raises:
        ParityError: a posterior differs by more than MAX_DIFFERENCE, or isn't a number.
        CheckpointError: there are too few clips.
    """
    results = []
    for kind, windows in parity_windows(clips).items():
        batches = [windows[i : i + BATCH] for i in range(0, len(windows), BATCH)]
        wanted = softmax(np.concatenate([checkpoint.logits(batch) for batch in batches]))
        alone = [softmax(graph.logits(windows)) for graph in graphs]
        results.append(Parity(kind, len(windows), float(np.abs(wanted - alone).max())))
        if kind == RECORDED:
            together = [softmax(graph.logits(windows, BATCH)) for graph in graphs]
            batched = float(np.abs(wanted - together).max())
            results.append(Parity(f"in batches of {BATCH}", len(windows), batched, again=True))
    for result in results:
        # Written so that a difference that is not a number fails too.
        if not result.difference <= MAX_DIFFERENCE:
            raise ParityError(
                f"the ONNX graph differs from the checkpoint by {result.difference:.2g} in a posterior "
                f"(windows {result.kind}; at most {MAX_DIFFERENCE:g} is allowed), so no model was written. "
                "This is a fault of the export or of an operator's version: please report it with the "
                "versions of torch, transformers and onnxruntime"
            )
    return results


def _evenly(clips: Int16Array, count: int) -> Int16Array:
    picked: Int16Array = clips[np.linspace(0, len(clips) - 1, count).round().astype(int)]
    return picked
