"""What a person reads while a model is exported."""

from collections.abc import Sequence

from .measure import MAX_INT8_LOSS, Measured, is_ruined
from .parity import MAX_DIFFERENCE, Parity


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
    if is_ruined(fp32, int8):
        lines.append(
            f"WARNING: int8 may cost {MAX_INT8_LOSS:.0%} of the windows, so {int8.file} is LEFT OUT and kws-live "
            f"will run {fp32.file}, which takes more time. Are the windows of calibration.npy of the kind "
            "that the model was trained on?"
        )
    return "\n".join(lines)
