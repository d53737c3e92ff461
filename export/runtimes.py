"""The files that the daemon may run, in order of preference: int8 if it is worth it, float32."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import onnx

from .checkpoint import Checkpoint
from .fuse import fuse
from .gate import loses_too_much, prefers_reduced_range, refusal
from .measure import BATCH, Graph, Measured, hop_times_ms
from .quantize import write_dynamic, write_static
from .report import range_report, refusal_report
from .run_folder import WINDOW_SAMPLES, RunFolder
from .split import split
from .streaming import MAX_DIFFERENCE, check_streaming

WHOLE, WHOLE_INT8 = "model.onnx", "model_quantized.onnx"
ENCODER, HEAD = "encoder.onnx", "head.onnx"
ENCODER_INT8, HEAD_INT8 = "encoder_quantized.onnx", "head_quantized.onnx"
FLOAT32_TOLERANCE, INT8_TOLERANCE = 0.001, 0.02
"""Largest difference of a posterior that passes the self-test."""


@dataclass(frozen=True)
class Runtime:
    """One way to run the model.

    Attributes:
        name: as people know it.
        files: one that takes whole windows, or an encoder and a head.
        batches: whether several windows in one call each get the logits that they would alone.
        tolerance: largest difference of a posterior that passes the self-test.
        meaning: a graph of whole windows that tells, computed literally, what the files are to answer.
    """

    name: str
    files: tuple[Path, ...]
    batches: bool
    tolerance: float
    meaning: Path


@dataclass(frozen=True)
class Built:
    """What came of it.

    Attributes:
        runtimes: in order of preference; the last one is float32.
        measured: each of them.
        refusals: why an int8 form that was tried isn't among them.
    """

    runtimes: tuple[Runtime, ...]
    measured: tuple[Measured, ...]
    refusals: tuple[str, ...]


class RuntimeBuilder:
    """Writes runtimes into a model folder and measures them.

    Args:
        folder: where they go; it holds WHOLE.
        scratch: a folder for what isn't shipped.
        lean: the lean graph of the checkpoint, in float32.
        checkpoint: what is exported; only its description is used.
        run: its windows.
        say: is told what is decided, line by line.
    """

    def __init__(
        self,
        folder: Path,
        scratch: Path,
        lean: Path,
        checkpoint: Checkpoint,
        run: RunFolder,
        say: Callable[[str], object],
    ) -> None:
        self._folder, self._scratch, self._lean = folder, scratch, lean
        self._streams, self._grid = checkpoint.streams, checkpoint.grid
        self._channels = checkpoint.model.config.hidden_size
        self._run, self._say = run, say

    def build(self) -> Built:
        """Write and measure them.

        Raises:
            StreamingError: encoder and head don't compute what the whole graph computes.
        """
        float32 = self._float32()
        refusals: list[str] = []
        for make in (self._static, self._dynamic):
            int8 = make()
            measured = self._measure(int8, float32)
            reason = refusal(*measured)
            if reason is None:
                return Built((int8, float32), measured, tuple(refusals))
            refusals.append(reason)
            self._say(refusal_report(reason, lossy=loses_too_much(*measured)))
            for file in {self._folder / WHOLE_INT8, *int8.files} - set(float32.files):
                file.unlink()
        return Built((float32,), measured[1:], tuple(refusals))

    def _float32(self) -> Runtime:
        whole, encoder, head = (self._folder / x for x in (WHOLE, ENCODER, HEAD))
        files = self._cut(self._lean, encoder, head, MAX_DIFFERENCE) or (whole,)
        meaning = self._lean if self._streams else whole
        return Runtime(self._name("float32"), files, True, FLOAT32_TOLERANCE, meaning)

    def _static(self) -> Runtime:
        forms = {}
        for reduced in (False, True):
            meaning, form = (self._scratch / f"{kind}-{reduced}.onnx" for kind in ("qdq", "fused"))
            write_static(self._lean, meaning, self._run.calibration, reduce_range=reduced)
            model = onnx.load(meaning)
            fuse(model)
            onnx.save(model, form)
            forms[reduced] = meaning, form, Graph(form).correct(self._run.clips, self._run.targets)
        full, seven, clips = forms[False][2], forms[True][2], len(self._run.clips)
        reduced = prefers_reduced_range(full, seven, clips)
        self._say(range_report(full, seven, clips, shipped=reduced))
        meaning, form, _ = forms[reduced]
        whole = self._ship(form)
        encoder, head = self._folder / ENCODER_INT8, self._folder / HEAD_INT8
        files = self._cut(form, encoder, head, 0.0) or (whole,)
        return Runtime(self._name("int8"), files, True, INT8_TOLERANCE, meaning)

    def _dynamic(self) -> Runtime:
        form = self._scratch / "dynamic.onnx"
        write_dynamic(self._lean, form)
        whole = self._ship(form)
        encoder, head = self._folder / ENCODER, self._folder / HEAD_INT8
        files = self._cut(form, encoder, head, 0.0) or (whole,)
        return Runtime(self._name("dynamic int8"), files, False, INT8_TOLERANCE, form)

    def _cut(self, whole: Path, encoder: Path, head: Path, allowed: float) -> tuple[Path, ...]:
        """Return encoder and head, cut from a whole graph and checked; nothing if the model doesn't stream."""
        if not self._streams:
            return ()
        frames, channels = self._grid.window_frames, self._channels
        new = self._scratch / ENCODER
        split(whole, new, head, frames=frames, channels=channels)
        if not encoder.exists():  # that of a dynamic form is float32's, which was there first
            shutil.move(new, encoder)
        graphs = Graph(whole), Graph(encoder, head)
        check_streaming(*graphs, self._run.clips, self._grid, allowed)
        return encoder, head

    def _ship(self, form: Path) -> Path:
        model = onnx.load(form)
        # Both parts take any batch, but only the encoder takes audio of any length.
        model.graph.input[0].type.tensor_type.shape.dim[1].dim_value = WINDOW_SAMPLES
        whole = self._folder / WHOLE_INT8
        onnx.save(model, whole)
        return whole

    def _measure(self, *runtimes: Runtime) -> tuple[Measured, ...]:
        clips, targets = self._run.clips, self._run.targets
        graphs = [Graph(*x.files) for x in runtimes]
        times = hop_times_ms(graphs, clips[:10], self._grid.new_samples)
        return tuple(
            Measured(
                x.name,
                graph.correct(clips, targets, BATCH if x.batches else 1),
                len(clips),
                hop_ms,
                sum(file.stat().st_size for file in x.files),
            )
            for x, graph, hop_ms in zip(runtimes, graphs, times, strict=True)
        )

    def _name(self, name: str) -> str:
        return f"{name} streaming" if self._streams else name
