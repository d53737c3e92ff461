"""The default model as it would run if it didn't stream: every window whole."""

import json
from pathlib import Path

_PARTS = ("encoder", "head")
_WHOLE = "model"


def whole_windows(folder: Path, target: Path) -> Path:
    """Write a model folder that runs the same graphs uncut, and return it.

    The graph of a runtime that streams, `encoder*.onnx` and `head*.onnx`, is in the folder uncut as
    `model*.onnx`, and answers the same to the self-test.

    Args:
        folder: a model folder, such as the default model's.
        target: where to write; made if it is missing. The graphs are linked, not copied.
    """
    document = json.loads((folder / "kws.json").read_text(encoding="utf-8"))
    for runtime in document["runtimes"]:
        if len(runtime["files"]) == len(_PARTS):
            encoder, _ = runtime["files"]
            runtime["files"] = [encoder.replace(_PARTS[0], _WHOLE, 1)]
            runtime["name"] = runtime["name"].removesuffix(" streaming")
    document["name"] += "-whole-windows"
    target.mkdir(parents=True, exist_ok=True)
    for runtime in document["runtimes"]:
        (name,) = runtime["files"]
        (target / name).unlink(missing_ok=True)
        (target / name).symlink_to((folder / name).resolve())
    (target / "kws.json").write_text(json.dumps(document), encoding="utf-8")
    return target
