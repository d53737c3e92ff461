"""What a person reads while a model is exported."""

from collections.abc import Sequence

from .measure import Measured
from .parity import MAX_DIFFERENCE, Parity

WORRYING_LOSS = 0.02
"""Accuracy lost to int8 above which the report says that something is wrong."""


def parity_report(parities: Sequence[Parity]) -> str:
    """Return a table of how far ONNX is from torch."""
    total = sum(x.windows for x in parities if not x.again)
    lines = [f"parity, torch against ONNX: {total} windows, at most {MAX_DIFFERENCE:g} allowed"]
    lines += [f"  {x.kind:<16}{x.windows:>5} windows   {x.difference:.1e}" for x in parities]
    return "\n".join(lines)


def cost_report(fp32: Measured, int8: Measured) -> str:
    """Return what int8 gains and what it costs."""
    lines = ["validation accuracy, time for a window on one thread, size"]
    lines += [
        f"  {x.file:<22}{x.accuracy:>7.2%} ({x.correct}/{x.clips})   {x.window_ms:5.2f} ms   "
        f"{x.size_bytes / 1e6:5.1f} MB"
        for x in (fp32, int8)
    ]
    lost = fp32.correct - int8.correct
    lines.append(
        f"  int8 names {lost} of {fp32.clips} windows fewer rightly ({-lost / fp32.clips:+.2%})"
    )
    if lost > WORRYING_LOSS * fp32.clips:
        lines.append(
            "  WARNING: that is more than int8 should cost. Are the calibration windows of the kind the "
            "model was trained on?"
        )
    return "\n".join(lines)
