"""Which checkpoints can be exported, and what is said of the others."""

import json
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch
from kws_export.checkpoint import load_checkpoint
from kws_export.errors import CheckpointError
from support.tiny_model import make_tiny_run


def change(path: Path, **values: Any) -> None:
    """Replace entries of a JSON file."""
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


@pytest.mark.parametrize("kind", ["wav2vec2", "hubert", "wavlm"])
def test_raw_waveform_classifiers_load(kind: str, tmp_path: Path) -> None:
    """Of each architecture that shares the convolutional front."""
    checkpoint = load_checkpoint(make_tiny_run(tmp_path, kind=kind))
    assert checkpoint.labels == ("yes", "no", "_unknown_", "_silence_")
    assert checkpoint.keywords == ("yes", "no")


@pytest.mark.parametrize(
    ("kernels", "strides", "stride_samples", "field_samples"),
    [
        ((10, 3, 3, 3, 3, 2, 2), (5, 2, 2, 2, 2, 2, 2), 320, 400),  # wav2vec2-base
        ((256, 8, 8), (20, 4, 4), 320, 956),
    ],
)
def test_stride_and_receptive_field_follow_from_the_convolutions(
    kernels: tuple[int, ...],
    strides: tuple[int, ...],
    stride_samples: int,
    field_samples: int,
    tmp_path: Path,
) -> None:
    """They are those published for wav2vec2-base."""
    run = make_tiny_run(
        tmp_path,
        conv_dim=(16,) * len(kernels),
        conv_kernel=kernels,
        conv_stride=strides,
        num_feat_extract_layers=len(kernels),
    )
    checkpoint = load_checkpoint(run)
    assert checkpoint.grid.stride_samples == stride_samples
    assert checkpoint.grid.receptive_field_samples == field_samples


def test_one_frame_sees_exactly_the_receptive_field(tiny_run: Path) -> None:
    """A window of that length makes one frame, a sample less makes none, a stride more makes two."""
    checkpoint = load_checkpoint(tiny_run)
    frames = checkpoint.model._get_feat_extract_output_lengths
    field, stride = checkpoint.grid.receptive_field_samples, checkpoint.grid.stride_samples
    assert [int(frames(n)) for n in (field - 1, field, field + stride)] == [0, 1, 2]


@pytest.mark.parametrize(
    ("kind", "architecture"),
    [
        ("audio-spectrogram-transformer", "ASTForAudioClassification"),
        ("whisper", "WhisperForAudioClassification"),
        ("bert", "BertForSequenceClassification"),
    ],
)
def test_other_models_are_refused_by_name(kind: str, architecture: str, tmp_path: Path) -> None:
    """With what can be exported instead."""
    change(make_tiny_run(tmp_path) / "config.json", model_type=kind, architectures=[architecture])
    with pytest.raises(CheckpointError, match=f"{architecture}.*{kind}.*Wav2Vec2ForSequence"):
        load_checkpoint(tmp_path)


def test_a_speech_recogniser_is_refused(tmp_path: Path) -> None:
    """It would load, with a classifier of random weights."""
    change(make_tiny_run(tmp_path) / "config.json", architectures=["Wav2Vec2ForCTC"])
    with pytest.raises(CheckpointError, match=r"Wav2Vec2ForCTC.*fine-tune"):
        load_checkpoint(tmp_path)


def test_missing_weights_are_not_made_up(tmp_path: Path) -> None:
    """As transformers would, with a warning."""
    path = make_tiny_run(tmp_path) / "model.safetensors"
    weights = safetensors.torch.load_file(path)
    del weights["classifier.weight"]
    safetensors.torch.save_file(weights, path, {"format": "pt"})
    with pytest.raises(CheckpointError, match=r"lacks 1 .*classifier\.weight"):
        load_checkpoint(tmp_path)


def test_damaged_weights_are_refused(tmp_path: Path) -> None:
    """With the file's name."""
    path = make_tiny_run(tmp_path) / "model.safetensors"
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(CheckpointError, match=r"model\.safetensors can't be loaded"):
        load_checkpoint(tmp_path)


def test_pickled_weights_are_not_opened(tmp_path: Path) -> None:
    """A pickle runs whatever its author wished."""
    path = make_tiny_run(tmp_path) / "model.safetensors"
    torch.save(safetensors.torch.load_file(path), tmp_path / "pytorch_model.bin")
    path.unlink()
    with pytest.raises(CheckpointError, match=r"model\.safetensors is missing"):
        load_checkpoint(tmp_path)


def test_another_sample_rate_is_refused(tmp_path: Path) -> None:
    """The daemon gives its models 16 kHz."""
    change(make_tiny_run(tmp_path) / "preprocessor_config.json", sampling_rate=8000)
    with pytest.raises(CheckpointError, match=r"8000.*16000"):
        load_checkpoint(tmp_path)


def test_a_model_without_a_keyword_is_refused(tmp_path: Path) -> None:
    """There would be nothing to detect."""
    with pytest.raises(CheckpointError, match="at least one keyword"):
        load_checkpoint(make_tiny_run(tmp_path, labels=("_unknown_", "_silence_")))


@pytest.mark.parametrize(
    ("labels", "missing"),
    [(("yes", "no", "_silence_"), "_unknown_"), (("yes", "no", "_unknown_", "quiet"), "_silence_")],
)
def test_a_model_without_the_classes_of_a_stream_is_refused(
    labels: tuple[str, ...], missing: str, tmp_path: Path
) -> None:
    """Before anything is computed, with what to do about it."""
    with pytest.raises(CheckpointError, match=f"lacks '{missing}'.*rename it.*fine-tune"):
        load_checkpoint(make_tiny_run(tmp_path, labels=labels))


@pytest.mark.parametrize(
    ("names", "complaint"),
    [
        ({"0": "yes", "1": "no", "2": "_unknown_", "4": "_silence_"}, r"numbers .*\[0, 1, 2, 4\]"),
        ({"0": "yes", "1": None, "2": "_unknown_", "3": "_silence_"}, "None.*printable name"),
        ({"0": "yes", "1": " ", "2": "_unknown_", "3": "_silence_"}, "' '.*printable name"),
        ({"0": "yes", "1": "yes", "2": "_unknown_", "3": "_silence_"}, "differ from each other"),
    ],
)
def test_labels_that_the_daemon_could_not_use_are_refused(
    names: dict[str, str | None], complaint: str, tmp_path: Path
) -> None:
    """Before anything is computed, with what they are."""
    change(make_tiny_run(tmp_path) / "config.json", id2label=names)
    with pytest.raises(CheckpointError, match=rf"config\.json: id2label .*{complaint}"):
        load_checkpoint(tmp_path)


def test_a_model_of_longer_windows_is_refused(tmp_path: Path) -> None:
    """One whose single frame sees more than the daemon gives."""
    run = make_tiny_run(tmp_path, conv_kernel=(4000, 40, 4), conv_stride=(400, 40, 2))
    with pytest.raises(CheckpointError, match=r"a frame .* sees 67600 samples.*16000"):
        load_checkpoint(run)


def test_a_copy_is_spoken_of_by_its_origin(tmp_path: Path) -> None:
    """What is wrong with it is wrong there, and is to be mended there."""
    change(make_tiny_run(tmp_path) / "preprocessor_config.json", sampling_rate=8000)
    with pytest.raises(CheckpointError, match=r"^runs/one/preprocessor_config\.json"):
        load_checkpoint(tmp_path, Path("runs/one"))


def test_a_missing_folder_is_named() -> None:
    """With what to give instead."""
    with pytest.raises(CheckpointError, match="nowhere/run: no such folder; give the folder"):
        load_checkpoint(Path("nowhere/run"))
