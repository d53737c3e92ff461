"""How much memory of its own a process needs to make examples of FOLDER/corpus, as one line of JSON.

FRAMES is how many the network has of a window: it is not made here, where it would be weighed too.

    python -m benchmarks.loader_index FOLDER RECIPE FRAMES
"""

import json
import sys
from dataclasses import replace
from pathlib import Path

from kws_train.cache import open_store  # type: ignore[import-untyped]
from kws_train.corpus import find_recordings  # type: ignore[import-untyped]
from kws_train.examples import ExampleMaker  # type: ignore[import-untyped]
from kws_train.holdout import choose_splits  # type: ignore[import-untyped]
from kws_train.recipe import load_recipe  # type: ignore[import-untyped]

EXAMPLES = 512


def main() -> None:
    """Open the corpus, make some examples, and tell what that took."""
    folder, recipe, frames = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    stage = load_recipe(recipe).last
    dry = replace(stage, augment=replace(stage.augment, room_share=0.0))
    corpus = folder / "corpus"
    before_kb = anonymous_kb()
    found = find_recordings([corpus / "words"], [corpus / "speech"], [corpus / "noise"])
    store = open_store(choose_splits(found, dry), folder / "cache")
    maker = ExampleMaker(store, dry, frames)
    for i in range(EXAMPLES):
        maker.make(0, i)
    clips = sum(r.kind == "word" for r in store.recordings)
    print(
        json.dumps(
            {
                "clips": clips,
                "anonymous_mb": round((anonymous_kb() - before_kb) / 1000, 2),
                "audio_kb_per_clip": round(store.samples.nbytes / 1000 / clips, 1),
            }
        )
    )


def anonymous_kb() -> int:
    """Return this process's resident memory that is of no file, in kB."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1])
    raise OSError("this system's /proc/self/status has no RssAnon")


if __name__ == "__main__":
    main()
