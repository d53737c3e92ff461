"""A table beside the clips that says what is said in each of them, and by whom."""

import csv
from dataclasses import dataclass
from pathlib import Path

from kws_live.errors import InputError

LIST_NAMES = ("clips.tsv", "clips.csv")
#: What each column may be called. The second names are those of Common Voice, whose tables can
#: be used as they are.
COLUMNS = {
    "file": ("file", "path"),
    "word": ("word", "sentence"),
    "speaker": ("speaker", "client_id"),
}
#: Where Common Voice keeps what its tables name.
_CLIPS_FOLDER = "clips"


@dataclass(frozen=True, slots=True)
class ListedClip:
    """One row of the table.

    Attributes:
        path: The file, relative to the folder of the table.
        word: What is said in it.
        speaker: Who says it; empty if the table doesn't tell.
    """

    path: Path
    word: str
    speaker: str


def read_clip_list(root: Path) -> list[ListedClip] | None:
    """Return the rows of `root/clips.tsv` or `root/clips.csv`, ordered by path; None without one.

    The first line names the columns: `file` (relative to `root`, or to `root/clips`), `word`
    (without this column, the folder of the file) and `speaker`; others are not looked at.

    Raises:
        InputError: There are two tables; or one can't be read, lacks the column of files, says
            of a file not which word it holds, or names files that are not there.
    """
    tables = [root / name for name in LIST_NAMES if (root / name).is_file()]
    if not tables:
        return None
    if len(tables) > 1:
        raise InputError(f"{root} holds {' and '.join(LIST_NAMES)}: remove the one that is stale")
    (table,) = tables
    clips, missing = [], []
    for line, row in _rows(table):
        if not row["file"]:
            raise InputError(f"{table}, line {line}: no file is named")
        path = next((p for p in _places(row["file"]) if _is_there(root / p)), None)
        if path is None:
            missing.append(row["file"])
            continue
        word = row["word"] or (path.parts[0] if len(path.parts) > 1 else "")
        if not word:
            raise InputError(
                f"{table}, line {line}: it does not say which word {row['file']} holds. "
                "Fill its column word"
            )
        clips.append(ListedClip(path, word, row["speaker"]))
    if missing:
        raise InputError(
            f"{table} names {len(missing)} files that are not there, such as {missing[0]}. "
            f"Paths are relative to {root} or {root / _CLIPS_FOLDER}"
        )
    return sorted(clips, key=lambda clip: clip.path)


def _places(file: str) -> tuple[Path, Path]:
    return Path(file), Path(_CLIPS_FOLDER) / file


def _is_there(file: Path) -> bool:
    """Whether a file is there, if only as a link to nothing, which is unreadable like a broken file."""
    return file.is_file() or file.is_symlink()


def _rows(table: Path) -> list[tuple[int, dict[str, str]]]:
    """Return the table's lines with their numbers, by our names of the columns, stripped."""
    tabs = table.suffix == ".tsv"
    try:
        with table.open(encoding="utf-8-sig", newline="") as file:
            lines = (
                csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
                if tabs
                else csv.reader(file)
            )
            header = [name.strip().lower() for name in next(lines, [])]
            columns = {
                ours: next((header.index(name) for name in names if name in header), None)
                for ours, names in COLUMNS.items()
            }
            if columns["file"] is None:
                raise InputError(
                    f"{table}: no column file. Its first line has to name the columns, "
                    f"{'tabs' if tabs else 'commas'} between them: file, word, speaker; "
                    f"it reads {', '.join(header)!r}"
                )
            return [
                (
                    lines.line_num,
                    {
                        name: "" if at is None or at >= len(cells) else cells[at].strip()
                        for name, at in columns.items()
                    },
                )
                for cells in lines
                if any(cells)
            ]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{table} can't be read: {error}. Save it as UTF-8 text") from error
