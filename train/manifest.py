"""`manifest.json` of a run: which recordings it was made of, where, with what and by which code."""

import hashlib
import json
import platform
from collections import Counter, defaultdict
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path
from typing import Any

from kws_live.errors import InputError
from kws_live.types import SAMPLE_RATE_HZ

from .cache import ClipStore
from .chain import Recipe
from .corpus import label_of
from .errors import FlagError
from .files import write_json
from .names import names_of
from .run_folder import commit_of
from .split import Split, speaker_split

MANIFEST = "manifest.json"
_PACKAGES = ("torch", "transformers", "accelerate", "numpy", "soundfile", "soxr")


def write_manifest(
    run: Path, store: ClipStore, recipe: Recipe, validation_sources: list[str]
) -> None:
    """Write `manifest.json`: counts and hashes, speakers moved, validation clips, clips left out, versions, commit.

    `counts` and `hashes` have an entry for each class and split. A hash is of the samples of its
    recordings, whatever their files are called and wherever they lie. `recordings` is the hash by
    which a resumed run knows all of them again. `moved_speakers` has the split of each speaker of
    words who is not used where the hash of their name has them.
    """
    rows: dict[str, dict[str, list[bytes]]] = defaultdict(lambda: defaultdict(list))
    left_out: list[dict[str, str]] = []
    names = names_of(store.recordings)
    for i, (r, fault) in enumerate(zip(store.recordings, store.faults, strict=True)):
        if fault:
            note = {"note": store.notes[i]} if i in store.notes else {}
            left_out.append({"path": names[i], "split": r.split, "reason": fault} | note)
        else:
            what = label_of(r.word, recipe.keywords) if r.kind == "word" else r.kind
            rows[what][r.split].append(store.digests[i].tobytes())
    folders = sorted({(r.kind, Path(r.root).name) for r in store.recordings})
    words = [r for r in store.recordings if r.kind == "word"]
    held_out = {r.word for r in words if r.split == "held_out"}
    moved = {
        r.speaker: r.split for r in words if r.split not in ("held_out", speaker_split(r.speaker))
    }
    versions = {p: metadata.version(p) for p in _PACKAGES} | {"python": platform.python_version()}
    write_json(
        run / MANIFEST,
        {
            "recordings": recordings_hash(store),
            "folders": [{"kind": kind, "name": name} for kind, name in folders],
            "counts": {
                what: {split: len(digests) for split, digests in splits.items()}
                for what, splits in rows.items()
            },
            "hashes": {
                what: {split: _hash(sorted(digests)) for split, digests in splits.items()}
                for what, splits in rows.items()
            },
            "audio_s": round(int(store.starts[-1]) / SAMPLE_RATE_HZ),
            "speakers_known_by": dict(Counter(r.known_by for r in words)),
            "moved_speakers": dict(sorted(moved.items())),
            "held_out_words": sorted(held_out),
            "left_out_counts": store.fault_counts(),
            "left_out": left_out,
            "validation": validation_sources,
            "versions": versions,
            "commit": commit_of(Path(__file__)),
            "resumed": [],
        },
    )


def moved_speakers(run: Path) -> dict[str, Split] | None:
    """Return the split of each speaker whom a run did not use where the hash has them.

    None if the run has no manifest, or one that says nothing of it.

    Raises:
        InputError: The manifest cannot be read.
    """
    file = run / MANIFEST
    if not file.is_file():
        return None
    try:
        moved: dict[str, Split] | None = json.loads(file.read_text(encoding="utf-8")).get(
            "moved_speakers"
        )
    except (OSError, ValueError, AttributeError) as error:
        raise InputError(f"{file} cannot be read: {error!r}. kws-train fit writes it") from error
    return moved


def require_same_recordings(run: Path, store: ClipStore) -> None:
    """Make sure that a run to be continued was begun with these very recordings.

    Raises:
        FlagError: One was added, removed, renamed or changed since.
    """
    begun_with = json.loads((run / MANIFEST).read_text(encoding="utf-8")).get("recordings")
    if begun_with != recordings_hash(store):
        raise FlagError(
            f"--resume: {run} was begun with other recordings; give --data, --speech and --noise "
            "as then, with no file added, removed or rewritten, or name another --out"
        )


def note_resumption(run: Path, stage: str, from_step: int) -> None:
    """Add to `manifest.json` with which code a run goes on, and from which step of a stage."""
    manifest: dict[str, Any] = json.loads((run / MANIFEST).read_text(encoding="utf-8"))
    manifest["resumed"].append(
        {"commit": commit_of(Path(__file__)), "stage": stage, "from_step": from_step}
    )
    write_json(run / MANIFEST, manifest)


def recordings_hash(store: ClipStore) -> str:
    """Return a hash of all recordings in their order: what they are used as, their names and samples.

    Neither where the folders lie nor when the files were written is part of it.
    """
    return _hash(
        json.dumps([r.kind, r.path, r.word, r.split]).encode() + store.digests[i].tobytes()
        for i, r in enumerate(store.recordings)
    )


def _hash(parts: Iterable[bytes]) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    return digest.hexdigest()[:16]
