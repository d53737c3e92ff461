"""`kws.json` may come from anywhere: whatever it holds, the answer is a model or a ModelError."""

import base64
import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kws_live.errors import ModelError
from kws_live.model import Classifier, load_model_folder

Document = dict[str, Any]
Edit = Callable[[Callable[[Document], object]], Path]

BEYOND_FLOAT = 10**400
TYPES: tuple[object, ...] = (None, True, 1, 1.5, "text", [], {}, [1], {"a": 1})


def refuses(folder: Path, says: str) -> None:
    """Check that the folder is refused, with words that match, the file among them."""
    with pytest.raises(ModelError) as caught:
        load_model_folder(folder)
    assert re.search(says, str(caught.value)), str(caught.value)
    assert str(folder / "kws.json") in str(caught.value)
    assert str(caught.value).isprintable()


def test_a_sound_folder_is_read(sound_model: Path) -> None:
    """The model that the tests below spoil."""
    folder = load_model_folder(sound_model)
    assert folder.labels == ("yes", "no", "_unknown_", "_silence_")
    assert folder.keywords == ("yes", "no")
    names = [(runtime.name, runtime.streams, runtime.batches) for runtime in folder.runtimes]
    assert names == [("int8 streaming", True, True), ("float32 streaming", True, True)]
    assert folder.runtimes[0].files == ("encoder_quantized.onnx", "head_quantized.onnx")
    assert folder.self_test_window.shape == (folder.window_samples,)


def test_unknown_is_weighted_as_the_manifest_says(edit: Edit) -> None:
    """Folders from before there was a weight have none: 1."""
    assert load_model_folder(edit(lambda kws: kws.update(unknown_weight=3))).unknown_weight == 3.0
    assert load_model_folder(edit(lambda kws: kws.pop("unknown_weight"))).unknown_weight == 1.0


@pytest.mark.parametrize("weight", [0, -1, "10", None, True])
def test_a_weight_that_is_no_positive_number_is_refused(edit: Edit, weight: object) -> None:
    """It would make the posteriors nonsense."""
    refuses(edit(lambda kws: kws.update(unknown_weight=weight)), "unknown_weight")


def test_a_missing_manifest(tmp_path: Path) -> None:
    """The remedy is the program that makes one."""
    with pytest.raises(ModelError, match=r"not a model folder.*kws-export"):
        load_model_folder(tmp_path)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"{", id="cut off"),
        pytest.param(b"\xff\xfe{}", id="no UTF-8"),
        pytest.param(b"\x00" * 100, id="zeros"),
        pytest.param(b"[" * 100_000, id="nested lists"),
        pytest.param(b'{"a":' * 100_000, id="nested objects"),
        pytest.param(b'{"format": ' + b"9" * 5_000 + b"}", id="endless number"),
    ],
)
def test_a_manifest_that_is_no_json(tmp_path: Path, content: bytes) -> None:
    """Garbage of any kind is corrupt, and nothing worse."""
    (tmp_path / "kws.json").write_bytes(content)
    refuses(tmp_path, "corrupt")


@pytest.mark.parametrize("content", ["[]", "1", '"text"', "null"])
def test_a_manifest_that_is_no_object(tmp_path: Path, content: str) -> None:
    """JSON, but not what is needed."""
    (tmp_path / "kws.json").write_text(content)
    refuses(tmp_path, "must be a JSON object")


def test_a_huge_manifest_is_not_read(tmp_path: Path) -> None:
    """Refused by its size alone."""
    with (tmp_path / "kws.json").open("wb") as file:
        os.truncate(file.fileno(), 1 << 40)
    refuses(tmp_path, "larger than")


@pytest.mark.parametrize("name", ["kws.json", "model.onnx"])
def test_a_pipe_is_not_waited_for(model: Path, name: str) -> None:
    """Nor is a device read without end."""
    (model / name).unlink()
    os.mkfifo(model / name)
    with pytest.raises(ModelError, match=f"{name} is no regular file"):
        load_model_folder(model).read_file("model.onnx")


def test_a_newer_format_wants_a_newer_program(edit: Edit) -> None:
    """The remedy is not to install the model again."""
    refuses(edit(lambda kws: kws.update(format=2)), "format 2.*up to 1.*newer kws-live")


@pytest.mark.parametrize(
    "key",
    [
        *("format", "name", "labels", "sample_rate_hz", "window_samples", "hop_samples"),
        *("stride_samples", "receptive_field_samples", "runtimes", "operating_point"),
        *("operating_points", "self_test", "sha256"),
    ],
)
def test_a_missing_field_is_named(edit: Edit, key: str) -> None:
    """Each is needed."""
    refuses(edit(lambda kws: kws.pop(key)), f"{key} is missing")


@pytest.mark.parametrize("key", ["tolerance", "logits"])
def test_a_missing_field_of_a_self_test_is_named(edit: Edit, key: str) -> None:
    """With its place."""
    refuses(
        edit(lambda kws: kws["runtimes"][1]["self_test"].pop(key)),
        rf"runtimes\[1\]\.self_test\.{key} is missing",
    )


@pytest.mark.parametrize("wrong", TYPES, ids=repr)
@pytest.mark.parametrize(
    "path",
    [
        ("labels",),
        ("labels", 0),
        ("runtimes",),
        ("runtimes", 0),
        ("runtimes", 0, "name"),
        ("runtimes", 0, "files"),
        ("runtimes", 0, "files", 0),
        ("runtimes", 0, "self_test"),
        ("runtimes", 0, "self_test", "logits"),
        ("runtimes", 0, "self_test", "logits", 0),
        ("self_test",),
        ("operating_points", "default"),
        ("operating_points", "default", "gate"),
        ("operating_points", "default", "decoder"),
        ("operating_points", "default", "keywords"),
        ("operating_points", "default", "keywords", "yes"),
        ("self_test", "window_int16_base64"),
        ("sha256", "model.onnx"),
    ],
    ids=lambda path: ".".join(map(str, path)),
)
def test_a_value_of_the_wrong_type_is_refused(
    edit: Edit, path: tuple[str | int, ...], wrong: object
) -> None:
    """Anywhere in the document, and never with another exception."""

    def spoil(kws: Document) -> None:
        table: Any = kws
        for part in path[:-1]:
            table = table[part]
        table[path[-1]] = wrong

    folder = edit(spoil)
    if path == ("sha256", "model.onnx") and isinstance(wrong, str):
        with pytest.raises(ModelError, match="corrupt"):
            load_model_folder(folder).read_file("model.onnx")
    elif path[-2:] == ("logits", 0) and type(wrong) in (int, float):
        assert load_model_folder(folder).runtimes[0].expected_logits[0] == wrong
    elif path[-1] == "name" and isinstance(wrong, str):
        assert load_model_folder(folder).runtimes[0].name == wrong
    else:
        refuses(folder, "Install the model again")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("window_samples", 0),
        ("window_samples", -16_000),
        ("window_samples", 10**12),
        ("window_samples", 16_000.0),
        ("hop_samples", 1_601),
        ("hop_samples", True),
        ("hop_samples", 16_000),
        ("stride_samples", 0),
        ("sample_rate_hz", 44_100),
        ("format", 0),
        ("format", "1"),
        ("labels", ["yes", "yes", "_unknown_", "_silence_"]),
        ("labels", ["yes", "no", "_unknown_"]),
        ("labels", []),
        ("runtimes", []),
    ],
)
def test_a_value_out_of_range_is_named(edit: Edit, key: str, value: object) -> None:
    """The field that is wrong is in the message."""
    refuses(edit(lambda kws: kws.update({key: value})), key.removesuffix("s"))


@pytest.mark.parametrize(
    "name",
    ["../model.onnx", "..", ".", "/etc/passwd", "sub/model.onnx", "model\0.onnx", "model\n.onnx"],
    ids=repr,
)
def test_a_runtime_file_is_a_plain_name_in_the_folder(edit: Edit, name: str) -> None:
    """No path, no special name, no control character."""

    def spoil(kws: Document) -> None:
        kws["runtimes"][0]["files"][1] = name
        kws["sha256"][name] = "0" * 64

    refuses(edit(spoil), "runtimes.0..files")


@pytest.mark.parametrize(
    "files", [[], ["model.onnx"] * 2, ["model.onnx", "head.onnx", "encoder.onnx"], ["other.onnx"]]
)
def test_a_runtime_has_one_file_or_two_with_hashes(edit: Edit, files: list[str]) -> None:
    """Nothing else can be run."""
    refuses(edit(lambda kws: kws["runtimes"][0].update(files=files)), "runtimes.0..files")


@pytest.mark.parametrize("batches", [None, 1, "yes"])
def test_whether_a_runtime_batches_is_said(edit: Edit, batches: object) -> None:
    """A guess would change what it computes."""
    refuses(edit(lambda kws: kws["runtimes"][0].update(batches=batches)), "runtimes.0..batches")


def test_a_window_that_holds_no_frame_cannot_stream(edit: Edit) -> None:
    """However long they are said to be."""
    refuses(edit(lambda kws: kws.update(receptive_field_samples=16_001)), "stream.*shorter")


@pytest.mark.parametrize(
    "text", ["\x1b[31mred", "two\nlines", "a\0b", "\x7f", "\u202eltr", "\ud800"]
)
@pytest.mark.parametrize("key", ["name", "labels", "runtimes"])
def test_names_hold_nothing_that_a_terminal_would_obey(edit: Edit, key: str, text: str) -> None:
    """They are printed, drawn and given to hooks."""

    def spoil(kws: Document) -> None:
        if key == "name":
            kws["name"] = text
            return
        if key == "runtimes":
            kws["runtimes"][0]["name"] = text
            return
        kws["labels"][0] = text
        keywords = kws["operating_points"]["default"]["keywords"]
        keywords[text] = keywords.pop("yes")

    refuses(edit(spoil), key.removesuffix("s"))


@pytest.mark.parametrize("number", [BEYOND_FLOAT, -BEYOND_FLOAT, float("inf"), float("nan")])
@pytest.mark.parametrize("key", ["logits", "tolerance"])
def test_numbers_of_the_self_test_are_finite(edit: Edit, key: str, number: float) -> None:
    """An endless tolerance would pass anything."""

    def spoil(kws: Document) -> None:
        entry = kws["runtimes"][0]["self_test"]
        entry[key] = [number] * 4 if key == "logits" else number

    refuses(edit(spoil), key)


def test_a_number_that_json_makes_infinite(model: Path) -> None:
    """1e400 is valid JSON."""
    file = model / "kws.json"
    document = json.loads(file.read_text())
    document["runtimes"][0]["self_test"]["logits"] = ["BIG"] * 4
    file.write_text(json.dumps(document).replace('"BIG"', "1e400"))
    refuses(model, "logits")


@pytest.mark.parametrize("tolerance", [-0.1, 0, 0.11, 1.0])
def test_a_tolerance_lets_not_everything_pass(edit: Edit, tolerance: float) -> None:
    """Nor nothing: it is a difference of posteriors, above 0 and a tenth at most."""

    def spoil(kws: Document) -> None:
        kws["runtimes"][1]["self_test"]["tolerance"] = tolerance

    refuses(edit(spoil), "tolerance")


@pytest.mark.parametrize("number", [BEYOND_FLOAT, float("inf"), float("nan"), -1, 2, "0.5", None])
def test_a_threshold_of_the_model_is_one(edit: Edit, number: object) -> None:
    """As in a configuration file."""

    def spoil(kws: Document) -> None:
        kws["operating_points"]["default"]["keywords"]["yes"]["threshold"] = number

    refuses(edit(spoil), "keywords.yes.threshold")


@pytest.mark.parametrize("key", ["onset_s", "hangover_s", "preroll_s"])
@pytest.mark.parametrize("number", [BEYOND_FLOAT, float("nan"), -1, 1e9])
def test_the_gate_of_the_model_is_one(edit: Edit, key: str, number: float) -> None:
    """Times of the gate are short and not negative."""
    refuses(
        edit(lambda kws: kws["operating_points"]["default"]["gate"].update({key: number})),
        f"gate.{key}",
    )


def test_an_operating_point_that_is_missing_is_named(edit: Edit) -> None:
    """`operating_point` must be one of `operating_points`."""
    refuses(edit(lambda kws: kws.update(operating_point="quiet")), "quiet is missing")


def test_keywords_are_those_of_the_labels(edit: Edit) -> None:
    """Those that are on one side only are named."""

    def spoil(kws: Document) -> None:
        kws["operating_points"]["default"]["keywords"]["maybe"] = {}

    refuses(edit(spoil), "does not match labels: maybe")


@pytest.mark.parametrize("text", ["", "AAAA", "not base64!", "ä"])
def test_the_window_of_the_self_test_is_whole(edit: Edit, text: str) -> None:
    """As many samples as a window."""
    refuses(
        edit(lambda kws: kws["self_test"].update(window_int16_base64=text)),
        "self_test.window_int16_base64",
    )


def test_a_file_with_another_hash_is_not_opened(model: Path) -> None:
    """One flipped bit."""
    file = model / "model.onnx"
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    with pytest.raises(ModelError, match=r"model\.onnx is corrupt.*SHA-256"):
        load_model_folder(model).read_file("model.onnx")


def test_a_missing_runtime_file_is_named(model: Path) -> None:
    """`kws.json` promises it."""
    (model / "head_quantized.onnx").unlink()
    with pytest.raises(ModelError, match=r"head_quantized\.onnx can't be read: No such file"):
        Classifier(load_model_folder(model))


def test_a_window_that_the_graph_cannot_take(edit: Edit) -> None:
    """Too short for its convolutions."""

    def shorten(kws: Document) -> None:
        kws["runtimes"][0]["files"] = ["model.onnx"]
        del kws["runtimes"][1:]
        kws["window_samples"] = 100
        kws["hop_samples"] = kws["stride_samples"] = 10
        kws["self_test"]["window_int16_base64"] = base64.b64encode(bytes(200)).decode()

    folder = load_model_folder(edit(shorten))
    with pytest.raises(ModelError, match="window of 100 samples"):
        Classifier(folder)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data(), value=JSON)
def test_any_value_anywhere_is_read_or_refused(
    sound_model: Path, tmp_path: Path, data: st.DataObject, value: object
) -> None:
    """Replace one value by any other: never an exception but ModelError, never a loose type."""
    document = json.loads((sound_model / "kws.json").read_text())
    table, keys = document, []
    while isinstance(table, dict | list) and table:
        parts = sorted(table) if isinstance(table, dict) else range(len(table))
        keys.append((table, data.draw(st.sampled_from(parts))))
        table = table[keys[-1][1]]
        if data.draw(st.booleans()):
            break
    holder, key = keys[-1]
    holder[key] = value
    (tmp_path / "kws.json").write_text(json.dumps(document))
    try:
        folder = load_model_folder(tmp_path)
    except ModelError:
        return
    assert len(folder.self_test_window) == folder.window_samples
    assert all(isinstance(label, str) for label in folder.labels)
