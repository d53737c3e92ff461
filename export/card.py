"""The model card: `README.md` with Hugging Face's front matter, from what the run and the export recorded."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from kws_live.eval.card import BEGIN, END, HEADING, point_lines
from kws_live.eval.intervals import binomial_interval

from .checkpoint import Checkpoint
from .operating_point import OperatingPoint
from .run_folder import WINDOW_SAMPLES, RunFolder
from .runtimes import Built

FILES = {
    "config.json": "architecture and labels",
    "preprocessor_config.json": "how Hugging Face prepares the waveform",
    "model.safetensors": "weights",
    "model.onnx": "the same in ONNX, float32, whole windows",
    "model_quantized.onnx": "ONNX, int8, whole windows",
    "encoder.onnx": "samples of any length → frames, float32",
    "encoder_quantized.onnx": "samples of any length → frames, int8 but for the first convolution",
    "head.onnx": "frames of one window → logits, float32",
    "head_quantized.onnx": "frames of one window → logits, int8",
    "kws.json": "labels, operating point, self-test and hashes for kws-live",
}


def write_card(
    folder: Path,
    name: str,
    checkpoint: Checkpoint,
    run: RunFolder,
    operating_point: OperatingPoint,
    built: Built,
    attributions: str,
) -> None:
    """Write `README.md` into the model folder, whose other files must be there already.

    Args:
        folder: the model folder.
        name: the model's name.
        checkpoint: what was exported.
        run: what the training recorded; what it did not record is said to be missing.
        operating_point: what `kws.json` holds of it.
        built: the runtimes.
        attributions: whose recordings were used, under which licences; empty if nobody said.
    """
    lines = [
        *_front_matter(checkpoint, run),
        *_summary(name, checkpoint, operating_point.unknown_weight),
        *_files(folder),
        *_data(run, attributions),
        *_licence(run),
        *_metrics(run.metrics, built),
        *_test_clips(),
        *_operating_point(operating_point.settings),
        *_limits(checkpoint),
        *_origin(run),
    ]
    (folder / "README.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _front_matter(checkpoint: Checkpoint, run: RunFolder) -> Iterator[str]:
    yield "---"
    if run.recorded:
        yield "license: apache-2.0"
    yield "library_name: transformers"
    yield "pipeline_tag: audio-classification"
    yield "tags:"
    for tag in (
        "keyword-spotting",
        "audio-classification",
        checkpoint.model.config.model_type,
        "onnx",
    ):
        yield f"- {tag}"
    yield "---"


def _summary(name: str, checkpoint: Checkpoint, unknown_weight: float) -> Iterator[str]:
    config = checkpoint.model.config
    parameters = sum(p.numel() for p in checkpoint.model.parameters()) / 1e6
    yield from ("", f"# {name}", "")
    yield (
        f"A `{type(checkpoint.model).__name__}` of {parameters:.1f} M parameters ({config.num_hidden_layers} layers "
        f"of width {config.hidden_size} over {len(config.conv_dim)} convolutions). It hears one second of 16 kHz "
        f"audio ({WINDOW_SAMPLES} samples) and tells its keywords from other speech and from no speech."
    )
    yield from ("", f"Keywords: {', '.join(checkpoint.keywords)}.", "")
    yield from ("```sh", f"kws-live --model path/to/{name}", "```", "")
    yield from ("```python", "from transformers import pipeline", "")
    yield f'pipeline("audio-classification", model="path/to/{name}")("clip.wav")'
    yield "```"
    if unknown_weight != 1:
        yield ""
        yield (
            f"kws-live multiplies the posterior of `_unknown_` by {unknown_weight:g} before all are normalised again, "
            "because nearly all that is heard is no keyword; transformers does not."
        )


def _files(folder: Path) -> Iterator[str]:
    yield from ("", "## Files", "", "| file | what it is | size |", "|---|---|---|")
    for file, what in FILES.items():
        if (folder / file).exists():
            yield f"| `{file}` | {what} | {(folder / file).stat().st_size / 1e3:,.0f} kB |"


def _data(run: RunFolder, attributions: str) -> Iterator[str]:
    yield from ("", "## Data", "")
    counts: Mapping[str, Mapping[str, int]] = run.manifest.get("counts", {})
    if run.recorded:
        splits = sorted({split for row in counts.values() for split in row})
        yield (
            "Recordings by kind and split. Word clips are split by the speaker that their file name, table or folder "
            "tells, longer speech by its folder (by file where there is none), noise by file: a speaker whom nothing "
            "tells may be in more than one split. " + _unknown_words(run)
        )
        yield from ("", f"| | {' | '.join(splits)} |", f"|---|{'---:|' * len(splits)}")
        for kind, row in counts.items():
            yield f"| {kind} | {' | '.join(str(row.get(split, 0)) for split in splits)} |"
        yield ""
        left_out = len(run.manifest.get("left_out", ()))
        yield f"{left_out} recordings were left out as unreadable, silent, cut, or copies of others."
    else:
        yield "The run holds no record of its recordings."
    yield ""
    if attributions:
        yield from ("```text", attributions.strip(), "```")
    else:
        yield "The sources of the recordings and their licences were not given when this model was exported."


def _unknown_words(run: RunFolder) -> str:
    held_out = run.manifest.get("held_out_words")
    if not held_out:
        return "The words of `_unknown_` are the same in all, so validation flatters."
    return (
        f"Of the words of `_unknown_`, training held none of {', '.join(held_out)} (`held_out`: their "
        "clips by training speakers, not used); the others are the same in all, so validation flatters."
    )


def _licence(run: RunFolder) -> Iterator[str]:
    yield from ("", "## Licence", "")
    yield (
        "The weights are under the Apache License 2.0; the recordings are under the licences named above."
        if run.recorded
        else "Not stated: the weights are under the terms of the checkpoint that was exported."
    )


def _metrics(metrics: Mapping[str, Any], built: Built) -> Iterator[str]:
    yield from ("", "## Metrics", "")
    yield "Accuracy on isolated one-second windows, with the 95 % interval of the count:"
    yield from ("", "| windows | by | samples | accuracy | 95 % |", "|---|---|---:|---:|---:|")
    for split, result in metrics.items():
        n, accuracy = result["n"], result["accuracy"]
        yield f"| {split} | checkpoint, torch | {n} | {accuracy:.2%} | {_interval(accuracy, n)} |"
    for x in built.measured:
        yield (
            f"| validation | {x.name} | {x.clips} | {x.accuracy:.2%} | {_interval(x.accuracy, x.clips)} |"
        )
    for reason in built.refusals:
        yield from ("", f"Not here, though tried: {reason}.")
    for split, result in metrics.items():
        yield from ("", f"By class on {split} (checkpoint, torch):", "")
        yield "| class | samples | recall (accuracy on the class) | 95 % | precision |"
        yield "|---|---:|---:|---:|---:|"
        for label, row in result.get("classes", {}).items():
            n, recall, precision = row["n"], row["recall"], row["precision"]
            yield f"| {label} | {n} | {_percent(recall)} | {_interval(recall, n)} | {_percent(precision)} |"


def _test_clips() -> Iterator[str]:
    """Yield the sections that `benchmarks.tables` fills for the model of this repository."""
    yield from ("", "## On test clips", "")
    for table in ("accuracy", "accuracy-words"):
        yield from (
            f"<!-- table:{table} begin -->",
            "Not measured.",
            f"<!-- table:{table} end -->",
            "",
        )


def _operating_point(point: Mapping[str, Any]) -> Iterator[str]:
    yield from (HEADING, "", BEGIN, *point_lines(point), END)


def _limits(checkpoint: Checkpoint) -> Iterator[str]:
    yield from ("", "## Limits", "")
    yield (
        "- Accuracy on isolated windows says nothing about false accepts on a stream, where nearly everything "
        "heard is no keyword."
    )
    yield "- Words that sound like a keyword can't be told from it, whatever their spelling."
    yield "- It knows the voices, rooms and languages of the data above; others may fare worse."
    yield (
        "- The level of the input is normalised in every window, so noise alone is heard as loud as speech."
        if checkpoint.normalises
        else "- The level of the input is not normalised: very quiet speech is harder to hear."
    )


def _origin(run: RunFolder) -> Iterator[str]:
    yield from ("", "## Training", "")
    commit = run.manifest.get("commit")
    yield f"Commit of the training code: {f'`{commit}`' if commit else 'not recorded'}."
    versions = run.manifest.get("versions")
    if versions:
        yield f"Versions: {', '.join(f'{k} {v}' for k, v in versions.items())}."
    if run.recipe:
        yield from ("", "Recipe:", "", "```toml", run.recipe.strip(), "```")


def _interval(share: float | None, n: int) -> str:
    if share is None:
        return "–"
    low, high = binomial_interval(round(share * n), n)
    return f"{low:.1%} – {high:.1%}"


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{share:.1%}"
