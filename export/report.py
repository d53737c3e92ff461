"""What a person reads while a model is exported."""

from collections.abc import Sequence

from .gate import MAX_RANGE_LOSS
from .measure import Measured
from .parity import MAX_DIFFERENCE, Parity


def parity_report(parities: Sequence[Parity]) -> str:
    """Return a table of how far ONNX is from torch."""
    total = sum(x.windows for x in parities if not x.again)
    lines = [f"parity, torch against ONNX: {total} windows, at most {MAX_DIFFERENCE:g} allowed"]
    lines += [f"  {x.kind:<16}{x.windows:>5} windows   {x.difference:.1e}" for x in parities]
    return "\n".join(lines)


def range_report(full: int, reduced: int, clips: int, *, shipped: bool) -> str:
    """Return what 7-bit weights cost; `full` and `reduced` are how many windows each range names rightly."""
    lost = full - reduced
    verdict = (
        "7-bit ones are used: their sums saturate on no processor"
        if shipped
        else "8-bit ones are used: on x86 processors without VNNI, where they saturate, kws-live will run float32"
    )
    return (
        f"int8 with 7-bit weights names {reduced} of {clips} validation windows rightly, with 8-bit ones {full} "
        f"({-lost / clips:+.2%}, {-MAX_RANGE_LOSS:+.1%} is allowed): {verdict}"
    )


def refusal_report(reason: str, *, lossy: bool) -> str:
    """Return a warning that an int8 runtime isn't shipped; `lossy` if it names too few windows rightly."""
    hint = (
        ". Are the windows of calibration.npy of the kind that the model was trained on?"
        if lossy
        else ""
    )
    return f"WARNING: {reason}, so it is LEFT OUT{hint}"


def cost_report(measured: Sequence[Measured]) -> str:
    """Return what each runtime loses and gains; the last one is float32."""
    lines = ["validation accuracy, least time for a hop on one thread, size"]
    lines += [
        f"  {x.name:<22}{x.accuracy:>7.2%} ({x.correct}/{x.clips})   {x.hop_ms:5.2f} ms   "
        f"{x.size_bytes / 1e6:5.1f} MB"
        for x in measured
    ]
    float32 = measured[-1]
    for x in measured[:-1]:
        gained = x.correct - float32.correct
        lines.append(
            f"  {x.name} names {abs(gained)} of {x.clips} windows {'more' if gained > 0 else 'fewer'} rightly "
            f"({gained / x.clips:+.2%}), in {x.hop_ms / float32.hop_ms:.2f} of the time"
        )
    return "\n".join(lines)
