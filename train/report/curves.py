"""Loss and accuracy over the epochs of a run."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kws_live.errors import InputError
from kws_live.eval.report.drawing import Palette

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SIZE_INCHES = (8.4, 3.2)
PANEL_INCHES = (4.2, 2.9)
_TICKS_AT_MOST = 8


@dataclass(frozen=True)
class Epoch:
    """What an epoch ended with.

    Attributes:
        epoch: Counts from 1.
        accuracy: On the validation windows, 0..1.
        loss: Cross-entropy on the validation windows, in nats.
        train_loss: What the stage makes small, its mean over the epoch's augmented examples: with
            smoothed labels or teachers that is not the cross-entropy, and compares with that of
            other epochs only. None if it was not logged.
    """

    epoch: int
    accuracy: float
    loss: float
    train_loss: float | None = None


def read_history(run: Path) -> list[Epoch]:
    """Return the epochs of a run in order, at least one.

    Raises:
        InputError: `history.json` is missing, or not what `kws-train fit` writes.
    """
    file = run / "history.json"
    try:
        stored = json.loads(file.read_text(encoding="utf-8"))
        history = [
            Epoch(int(e["epoch"]), float(e["accuracy"]), float(e["loss"]), e.get("train_loss"))
            for e in stored
        ]
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise InputError(f"{file} cannot be read: {error!r}. kws-train fit writes it") from error
    if not history:
        raise InputError(f"{file} lists no epoch: the report needs the end of the first one")
    return history


def kept_epoch(history: Sequence[Epoch]) -> Epoch:
    """Return the epoch whose weights were kept: the first of those with the highest accuracy."""
    return max(history, key=lambda e: e.accuracy)


def draw_curves(history: Sequence[Epoch], figure: "Figure", colours: Palette) -> None:
    """Draw loss and accuracy side by side, for `drawing.png`."""
    left, right = figure.subplots(1, 2, gridspec_kw={"wspace": 0.08})
    _loss(left, history, colours)
    _accuracy(right, history, colours)


def draw_loss(history: Sequence[Epoch], figure: "Figure", colours: Palette) -> None:
    """Draw the loss on training and validation examples alone, for `drawing.svg`."""
    _loss(figure.subplots(), history, colours)


def draw_accuracy(history: Sequence[Epoch], figure: "Figure", colours: Palette) -> None:
    """Draw the validation accuracy alone, for `drawing.svg`."""
    _accuracy(figure.subplots(), history, colours)


def _loss(axes: Any, history: Sequence[Epoch], colours: Palette) -> None:
    trained = [e for e in history if e.train_loss is not None]
    if trained:
        line = {"color": colours.other, "lw": 1.6, "label": "training: what is learned from"}
        axes.plot(
            [e.epoch for e in trained], [e.train_loss for e in trained], **line, **_dots(trained)
        )
    line = {"color": colours.curve, "lw": 1.6, "label": "validation: cross-entropy"}
    axes.plot([e.epoch for e in history], [e.loss for e in history], **line, **_dots(history))
    axes.margins(y=0.1)
    axes.set_ylim(bottom=0.0)
    axes.set_ylabel("loss")
    axes.legend()
    _epochs(axes, history)


def _accuracy(axes: Any, history: Sequence[Epoch], colours: Palette) -> None:
    shares = [e.accuracy for e in history]
    axes.plot([e.epoch for e in history], shares, color=colours.curve, lw=1.6, **_dots(history))
    kept = kept_epoch(history)
    axes.plot([kept.epoch], [kept.accuracy], "o", color=colours.point, ms=6, clip_on=False)
    title = f"kept: {100 * kept.accuracy:.1f} %, epoch {kept.epoch}"
    axes.set_title(title, size=9, loc="right", color=colours.point)
    axes.margins(y=0.1)
    axes.set_ylabel("validation accuracy")
    axes.yaxis.set_major_formatter(lambda value, _: f"{100 * value:.4g} %")
    _epochs(axes, history)


def _dots(history: Sequence[Epoch]) -> dict[str, Any]:
    """Mark the epochs where there are few: a line alone shows none where there is one."""
    return {"marker": "o", "ms": 3.5} if len(history) <= 12 else {}


def _epochs(axes: Any, history: Sequence[Epoch]) -> None:
    """Label the axis of epochs with whole ones."""
    first, last = history[0].epoch, history[-1].epoch
    step = -(-(last - first + 1) // _TICKS_AT_MOST)
    axes.set_xticks(range(first, last + 1, step))
    axes.set_xlabel("epoch")
