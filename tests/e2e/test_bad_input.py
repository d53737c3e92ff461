"""Bad input: each has its exit code and a message that names the value and the remedy."""

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from support import daemon
from support.daemon import CONFIG, INPUT, OUTPUT, USAGE, fails
from support.tiny_model import make_tiny_model


@pytest.fixture(scope="module")
def good_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small valid model folder."""
    return make_tiny_model(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture
def model(good_model: Path, tmp_path: Path) -> Path:
    """A copy of the small model to spoil."""
    return Path(shutil.copytree(good_model, tmp_path / "model"))


def edit(model: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Change a model's kws.json."""
    file = model / "kws.json"
    document = json.loads(file.read_text())
    change(document)
    file.write_text(json.dumps(document))


def use_only(file: str) -> Callable[[dict[str, Any]], None]:
    """Leave a model one runtime, of one file."""

    def change(kws: dict[str, Any]) -> None:
        kws["runtimes"] = [{**kws["runtimes"][0], "files": [file]}]

    return change


def test_the_small_model_itself_runs(model: Path) -> None:
    """What the tests below spoil is sound."""
    assert daemon.run("--model", model, "--check-config").returncode == 0
    assert daemon.run("--model", model, "--input", daemon.DEMO / "demo.flac").returncode == 0


def test_missing_file() -> None:
    """The path is named."""
    fails(INPUT, "--input", "/no/such.wav", says=("/no/such.wav", "No such file"))


def test_empty_file(tmp_path: Path) -> None:
    """Nothing to decode."""
    (tmp_path / "empty.wav").touch()
    fails(INPUT, "--input", tmp_path / "empty.wav", says=("empty.wav", "empty"))


def test_a_file_that_is_no_audio(tmp_path: Path) -> None:
    """Text under the name of a sound."""
    (tmp_path / "text.wav").write_text("not a sound\n" * 100)
    fails(INPUT, "--input", tmp_path / "text.wav", says=("text.wav", "WAV, FLAC or OGG"))


def test_a_truncated_file_is_used_up_to_its_end(tmp_path: Path) -> None:
    """What is there is searched, then the fault is told."""
    whole = tmp_path / "whole.wav"
    samples, rate_hz = soundfile.read(daemon.DEMO / "demo.flac", dtype="int16")
    soundfile.write(whole, samples, rate_hz)
    cut = tmp_path / "cut.wav"
    cut.write_bytes(whole.read_bytes()[:160_000])
    result = daemon.run("--input", cut, "--json")
    assert result.returncode == INPUT
    assert b"cut off" in result.stderr
    found = daemon.events(result.stdout)
    assert [event["keyword"] for event in daemon.of_type(found, "detection")] == ["yes", "no"]
    assert found[-1]["type"] == "error"
    assert found[-1]["exit_code"] == INPUT


def test_raw_input_cut_mid_sample() -> None:
    """An odd number of bytes is no 16-bit audio."""
    samples = np.zeros(16_000, dtype="<i2").tobytes() + b"\x00"
    fails(
        INPUT,
        "--input",
        "-",
        stdin=samples,
        says=("Standard input ends in the middle of a sample", "32001 bytes"),
    )


def test_missing_model() -> None:
    """The installed ones are listed, and the nearest is suggested."""
    fails(INPUT, "--model", "defalt", says=("'defalt'", "Did you mean 'default'?", "--model"))


def test_a_folder_that_is_no_model(tmp_path: Path) -> None:
    """No kws.json."""
    fails(INPUT, "--model", tmp_path, says=(str(tmp_path), "kws.json", "kws-export"))


def test_a_corrupt_model_file(model: Path) -> None:
    """One flipped byte is noticed by the hash before the file is opened."""
    file = next(iter(sorted(model.glob("*.onnx"))))
    content = bytearray(file.read_bytes())
    content[1_000] ^= 1
    file.write_bytes(content)
    edit(model, use_only(file.name))
    fails(INPUT, "--model", model, "--device", "demo", says=(file.name, "SHA-256", "corrupt"))


def test_a_missing_model_file(model: Path) -> None:
    """A file that kws.json promises."""
    (model / "model.onnx").unlink()
    edit(model, use_only("model.onnx"))
    fails(INPUT, "--model", model, "--device", "demo", says=("model.onnx", "No such file"))


def test_a_model_with_other_labels(model: Path) -> None:
    """A graph whose outputs kws.json does not describe."""
    edit(model, lambda kws: kws["labels"].insert(0, "maybe"))
    fails(INPUT, "--model", model, "--device", "demo", says=("kws.json", "labels", "maybe"))


def test_a_model_of_a_newer_format(model: Path) -> None:
    """The remedy is a newer program."""
    edit(model, lambda kws: kws.update(format=2))
    fails(INPUT, "--model", model, says=("format 2", "up to 1", "newer kws-live"))


def test_a_model_that_reaches_outside_its_folder(model: Path) -> None:
    """File names are names, not paths."""
    edit(model, use_only("../../etc/passwd"))
    fails(INPUT, "--model", model, says=("../../etc/passwd", "outside"))


def test_a_model_whose_manifest_is_garbage(model: Path) -> None:
    """No JSON."""
    (model / "kws.json").write_text("{")
    fails(INPUT, "--model", model, says=("kws.json", "corrupt"))


def test_a_runtime_that_fails_its_self_test_is_passed_over(model: Path) -> None:
    """The next one is used, and a warning says so."""
    first, second = (
        one["name"] for one in json.loads((model / "kws.json").read_text())["runtimes"][:2]
    )

    def spoil(kws: dict[str, Any]) -> None:
        test = kws["runtimes"][0]["self_test"]
        test["logits"] = [10.0, *[0.0] * (len(test["logits"]) - 1)]

    edit(model, spoil)
    result = daemon.run("--model", model, "--input", daemon.DEMO / "demo.flac", "--json")
    assert result.returncode == 0, result.stderr.decode()
    assert first.encode() in result.stderr
    assert daemon.events(result.stdout)[0]["runtime"] == second


def test_no_runtime_passes_its_self_test(model: Path) -> None:
    """The program refuses to listen with a model that computes something else."""

    def spoil(kws: dict[str, Any]) -> None:
        for runtime in kws["runtimes"]:
            test = runtime["self_test"]
            test["logits"] = [10.0, *[0.0] * (len(test["logits"]) - 1)]

    edit(model, spoil)
    fails(INPUT, "--model", model, "--device", "demo", says=("self-test", "kws-export"))


def test_an_unknown_configuration_key(tmp_path: Path) -> None:
    """The file, the line, the key, and the one that was meant."""
    file = tmp_path / "config.toml"
    file.write_text('schema = 1\n[audio]\ndevise = "default"\n')
    fails(CONFIG, "--config", file, says=(f"{file}:3", "devise", "Did you mean 'device'?"))


def test_a_threshold_out_of_range() -> None:
    """As a flag it is a wrong flag."""
    fails(USAGE, "--threshold", "1.5", says=("--threshold", "1.5", "at most 1"))


def test_a_threshold_out_of_range_in_the_file(tmp_path: Path) -> None:
    """In the file it is a wrong configuration."""
    file = tmp_path / "config.toml"
    file.write_text("schema = 1\n[keywords.stop]\nthreshold = 0\n")
    fails(CONFIG, "--config", file, says=(f"{file}:3", "threshold", "above 0"))


def test_a_hook_program_that_is_missing() -> None:
    """The user learns it at the start, not at the first detection."""
    fails(USAGE, "--hook", "stop=no-such-program now", says=("no-such-program", "PATH"))


def test_an_unknown_keyword() -> None:
    """The model's keywords are listed."""
    fails(USAGE, "--keyword", "stopp", says=("'stopp'", "Did you mean 'stop'?"))


def test_two_inputs_at_once() -> None:
    """A device and a file exclude each other."""
    fails(USAGE, "--input", "x.wav", "--device", "demo", says=("--input", "--device", "exclude"))


def test_a_recording_that_cannot_be_made() -> None:
    """The folder does not exist."""
    fails(
        OUTPUT, "--device", "demo", "--record", "/no/such/folder/x.wav", says=("/no/such/folder",)
    )


def test_a_full_disk_while_recording(tmp_path: Path) -> None:
    """The run ends and says why: a recording with a hole is never kept silently."""
    record = tmp_path / "full.wav"
    result = subprocess.run(
        ["prlimit", "--fsize=100000", daemon.COMMAND, "--device", "demo", "--record", record],
        env=daemon.clean(),
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert result.returncode == OUTPUT, result.stderr
    assert b"full.wav" in result.stderr
    assert b"Free space" in result.stderr


def test_a_full_disk_on_standard_output() -> None:
    """A reader that can't keep the events is told."""
    with open("/dev/full", "wb") as full:
        result = subprocess.run(
            [daemon.COMMAND, "--input", daemon.DEMO / "demo.flac", "--json"],
            stdout=full,
            stderr=subprocess.PIPE,
            env=daemon.clean(),
            check=False,
            timeout=60,
        )
    assert result.returncode == OUTPUT
    assert b"No space left" in result.stderr


def test_a_reader_that_goes_away_ends_the_run_quietly() -> None:
    """`kws-live --json | head -1` is no error."""
    process = subprocess.Popen(
        [daemon.COMMAND, "--device", "demo", "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=daemon.clean(),
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.readline()
    process.stdout.close()
    assert process.wait(20) == 0
    assert process.stderr.read() == b""
