"""What people see: the live display on a terminal, plain lines elsewhere."""

from kws_live.display.lines import LinePrinter
from kws_live.display.live import LiveDisplay, can_show
from kws_live.display.render import render

__all__ = ["LinePrinter", "LiveDisplay", "can_show", "render"]
