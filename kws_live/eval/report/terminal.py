"""Tables and paragraphs on a terminal."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from kws_live.display.theme import FAINT, STRONG
from kws_live.eval.report.measured import ALL
from kws_live.text import printable

_TEXT_COLUMNS = 100


def print_table(console: Console, headings: Sequence[str], lines: Sequence[Sequence[str]]) -> None:
    """Print a table and an empty line; the line named "*" is called "all" and stands out."""
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style=FAINT)
    for at, heading in enumerate(headings):
        table.add_column(heading, justify="right" if at else "left", no_wrap=True)
    for line in lines:
        name = "all" if line[0] == ALL else line[0]
        style = STRONG if line[0] == ALL else None
        table.add_row(*(Text(printable(cell)) for cell in (name, *line[1:])), style=style)
    console.print(table)
    console.print()


def print_lines(console: Console, lines: Sequence[str]) -> None:
    """Print each of `lines` as a paragraph."""
    for line in lines:
        console.print(Text(printable(line)), width=min(console.width, _TEXT_COLUMNS))
