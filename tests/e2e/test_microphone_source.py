"""The microphone against a real sound server: which device it opens, and what it does when the device goes."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from math import ceil
from pathlib import Path
from typing import Self

import numpy as np
import pytest
import soundfile
from support.virtual_microphone import VirtualMicrophone

from kws_live.errors import DeviceError
from kws_live.sources.listing import list_devices
from kws_live.sources.microphone import MicrophoneSource
from kws_live.sources.process import CaptureProcess
from kws_live.stages.frontend import Frontend
from kws_live.types import (
    SAMPLE_RATE_HZ,
    Block,
    DeviceLost,
    DeviceRestored,
    Float32Array,
    Gap,
    SourceItem,
)

RATE_HZ = 44_100
PATIENCE_S = 15.0
SCENT_S = 0.5
"""Length of noise by which a place in a recording is recognised."""


@pytest.fixture
def microphone(monkeypatch: pytest.MonkeyPatch) -> Iterator[VirtualMicrophone]:
    with VirtualMicrophone(RATE_HZ) as server:
        use(server, monkeypatch)
        yield server


def use(server: VirtualMicrophone, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the programs that this process starts record from `server`."""
    for name in set(os.environ) - set(server.env):
        monkeypatch.delenv(name)
    for name, value in server.env.items():
        monkeypatch.setenv(name, value)


class Listening:
    """Runs a source on a thread of its own and keeps what it yields."""

    def __init__(self, spec: str = "default") -> None:
        self.source = MicrophoneSource(spec)
        self.items: list[SourceItem] = []
        self.error: BaseException | None = None
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.source.stop()
        self.join()

    def join(self) -> None:
        """Wait for the thread."""
        self._thread.join(PATIENCE_S)
        assert not self._thread.is_alive()

    def _run(self) -> None:
        try:
            for item in self.source.items():
                self.items.append(item)
        except DeviceError as error:
            self.error = error

    def of(self, kind: type) -> list[SourceItem]:
        """Return the items of a kind."""
        return [item for item in self.items if isinstance(item, kind)]

    def until(self, true: Callable[[], bool], patience_s: float = PATIENCE_S) -> None:
        """Wait until something is true."""
        deadline_s = time.monotonic() + patience_s
        while not true():
            assert self.error is None, self.error
            assert time.monotonic() < deadline_s, self.items[-3:]
            time.sleep(0.01)

    def for_seconds(self, duration_s: float) -> None:
        """Wait for so much more audio."""
        until = self.audio_s() + duration_s
        self.until(lambda: self.audio_s() >= until)

    def audio_s(self) -> float:
        """Return the length of all blocks."""
        return sum(len(i.samples) / i.rate_hz for i in self.items if isinstance(i, Block))

    def until_restored(self) -> None:
        """Wait until the device is there again."""
        self.until(lambda: bool(self.of(DeviceRestored)))

    def stream(self) -> tuple[Float32Array, list[tuple[int, int]]]:
        """Return the left channel with the gaps as zeros, and [start, end) of each stretch."""
        parts: list[Float32Array] = []
        stretches: list[tuple[int, int]] = []
        position = start = 0
        for item in self.items:
            if isinstance(item, Gap):
                frames = round(item.samples * RATE_HZ / SAMPLE_RATE_HZ)
                parts.append(np.zeros(frames, np.float32))
                stretches.append((start, position))
                position = start = position + frames
            elif isinstance(item, Block):
                parts.append(item.samples[:, 0] / np.float32(32_768))
                position += len(item.samples)
        return np.concatenate(parts), [*stretches, (start, position)]

    def lags_s(self) -> tuple[float, float]:
        """Return the least lag of the stream's time behind the clock before and after the gap."""
        lags_s: tuple[list[float], list[float]] = ([], [])
        stream_s = 0.0
        gapped = False
        for item in self.items:
            if isinstance(item, Gap):
                gapped = True
                stream_s += item.samples / SAMPLE_RATE_HZ
            elif isinstance(item, Block):
                stream_s += len(item.samples) / item.rate_hz
                assert item.arrived_ns is not None
                lags_s[gapped].append(item.arrived_ns / 1e9 - stream_s)
        return min(lags_s[0]), min(lags_s[1])


def child_of(pid: int) -> int:
    """Return the only child process of `pid`."""
    return int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])


def children() -> set[str]:
    tasks = Path("/proc/self/task").glob("*/children")
    return {pid for task in tasks for pid in task.read_text().split()}


@contextlib.contextmanager
def noise_playing(microphone: VirtualMicrophone, folder: Path) -> Iterator[Float32Array]:
    """Play 60 s of noise, every place in which is unlike any other; yields it."""
    noise = np.random.default_rng(1).normal(0, 0.1, 60 * RATE_HZ).astype(np.float32)
    soundfile.write(folder / "noise.wav", noise, RATE_HZ)
    playing = microphone.speak(folder / "noise.wav")
    try:
        yield noise
    finally:
        playing.kill()
        playing.wait()


def place_of(piece: Float32Array, noise: Float32Array) -> int:
    """Return where in `noise` a piece of it is from."""
    size = len(noise) + len(piece)
    product = np.fft.rfft(noise, size) * np.conj(np.fft.rfft(piece, size))
    return int(np.argmax(np.fft.irfft(product, size)))


@pytest.mark.parametrize("spec", ["default", "Puls alsa", "1"])
def test_opens_a_device_by_default_by_parts_of_its_name_and_by_id(
    microphone: VirtualMicrophone, spec: str
) -> None:
    """Each way of naming a device leads to blocks of its own rate, no more than two channels."""
    with Listening(spec) as listening:
        listening.for_seconds(0.3)
    block = listening.items[1]  # the first is shorter, to be in step
    assert isinstance(block, Block)
    assert block.rate_hz == RATE_HZ
    assert block.samples.shape[1] == 2
    assert len(block.samples) % (RATE_HZ * 100 // 1000) == 0  # more than one if they had gathered
    assert block.samples.dtype == np.int16
    expected = "pulse" if "Puls" in spec else "default"
    assert listening.source.name == f"{expected}, ALSA, 44100 Hz, 2 ch"


def test_hears_what_is_played(microphone: VirtualMicrophone, tmp_path: Path) -> None:
    """The samples are those that were played, in order and without a hole."""
    with noise_playing(microphone, tmp_path) as noise, Listening() as listening:
        listening.for_seconds(2.0)
    heard, _ = listening.stream()
    scent = heard[-RATE_HZ:]
    start = place_of(scent, noise)
    assert np.abs(scent - noise[start : start + RATE_HZ]).max() < 2e-4


def test_windows_end_where_blocks_do(microphone: VirtualMicrophone) -> None:
    """Each block but the first completes a hop of 100 ms, so that no window waits for the rest of a block."""
    with Listening() as listening:
        listening.for_seconds(1.0)
    frontend = Frontend()
    samples = 0
    blocks = 0
    for block in listening.of(Block):
        assert isinstance(block, Block)
        samples += len(frontend.push(block))
        blocks += ceil(len(block.samples) / (RATE_HZ * 100 // 1000))
        assert samples >= (blocks - 1) * SAMPLE_RATE_HZ // 10


def test_dates_blocks_by_their_arrival(microphone: VirtualMicrophone) -> None:
    """A block's arrival lies in the past, and not long ago."""
    delays_s = []
    source = MicrophoneSource("default")
    for item in source.items():
        assert isinstance(item, Block)
        assert item.arrived_ns is not None
        delays_s.append((time.monotonic_ns() - item.arrived_ns) / 1e9)
        if len(delays_s) == 20:
            source.stop()
    assert min(delays_s) >= 0
    assert np.median(delays_s) < 0.1


@pytest.mark.parametrize(
    ("spec", "said"),
    [("no such thing", "No input device matches"), ("7", "id 7"), ("alsa", "matches 2 input")],
)
def test_a_device_that_is_unknown_or_ambiguous_is_refused_with_the_candidates(
    microphone: VirtualMicrophone, spec: str, said: str
) -> None:
    """The error names what was asked for and lists what there is."""
    with pytest.raises(DeviceError, match=said) as caught:
        next(MicrophoneSource(spec).items())
    assert "0  pulse, ALSA" in str(caught.value)
    assert "1  default, ALSA" in str(caught.value)


def test_without_any_device_the_remedy_is_named(
    microphone: VirtualMicrophone, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With no sound server and no sound card, the error says to plug one in or start one."""
    if Path("/proc/asound/pcm").exists() and Path("/proc/asound/pcm").read_text():
        pytest.skip("this computer has a sound card")
    microphone.kill()
    with pytest.raises(DeviceError, match=r"no audio input device.*start the sound server"):
        next(MicrophoneSource("default").items())
    assert list_devices() == []


def test_without_portaudio_the_package_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the library can't be loaded, listening and listing say what to install."""
    (tmp_path / "libportaudio.so.2").touch()
    monkeypatch.setenv("LD_LIBRARY_PATH", str(tmp_path))
    with pytest.raises(DeviceError, match="apt-get install libportaudio2"):
        next(MicrophoneSource("default").items())
    with pytest.raises(DeviceError, match="apt-get install libportaudio2"):
        list_devices()


def test_lists_the_input_devices(microphone: VirtualMicrophone) -> None:
    """The list has names, host API, channels, rate and the default."""
    devices = list_devices()
    assert [(d.id, d.label, d.is_default) for d in devices] == [
        (0, "pulse, ALSA", False),
        (1, "default, ALSA", True),
    ]
    assert {d.rate_hz for d in devices} == {RATE_HZ}


def test_listing_does_not_wait_for_a_frozen_sound_server(microphone: VirtualMicrophone) -> None:
    """PortAudio hangs in its own process; the list is given up after the time allowed."""
    microphone.freeze()
    began_s = time.monotonic()
    with pytest.raises(DeviceError, match="frozen"):
        list_devices(timeout_s=1.0)
    assert time.monotonic() - began_s < 3.0
    assert not children() & capture_processes()


def test_a_source_that_comes_back_leaves_a_gap_of_the_right_length(
    microphone: VirtualMicrophone,
) -> None:
    """The source goes, comes back after a second, and the stream's time is that of the clock."""
    with Listening() as listening:
        listening.for_seconds(1.0)
        microphone.unplug()
        listening.until(lambda: bool(listening.of(DeviceLost)), patience_s=5.0)
        time.sleep(1.0)
        microphone.plug_in()
        listening.until_restored()
        listening.for_seconds(1.0)
    kinds = [type(item) for item in listening.items if not isinstance(item, Block)]
    assert kinds == [DeviceLost, Gap, DeviceRestored]
    before_s, after_s = listening.lags_s()
    assert after_s == pytest.approx(before_s, abs=0.05)
    gap, restored = listening.of(Gap)[0], listening.of(DeviceRestored)[0]
    assert isinstance(gap, Gap)
    assert isinstance(restored, DeviceRestored)
    assert gap.reason == "device_lost"
    assert gap.samples > SAMPLE_RATE_HZ
    assert restored.lost_s == pytest.approx(gap.samples / SAMPLE_RATE_HZ, abs=1e-3)
    assert restored.attempts >= 1


def test_a_gap_is_as_long_as_the_sound_that_was_missed(
    microphone: VirtualMicrophone, tmp_path: Path
) -> None:
    """The capture process hangs; after the gap, each sound is at its place within 50 ms."""
    with noise_playing(microphone, tmp_path) as noise, Listening() as listening:
        listening.for_seconds(1.5)
        (pid,) = children() & capture_processes()
        os.kill(int(pid), signal.SIGSTOP)
        listening.until_restored()
        listening.for_seconds(1.5)
    stream, stretches = listening.stream()
    shifts = []
    for start, end in stretches:
        middle = (start + end) // 2
        scent = stream[middle : middle + int(SCENT_S * RATE_HZ)]
        shifts.append(place_of(scent, noise) - middle)
    assert abs(shifts[1] - shifts[0]) / RATE_HZ < 0.05


def test_a_restarted_sound_server_is_found_again(microphone: VirtualMicrophone) -> None:
    """The server dies, another one starts, and the microphone goes on with it."""
    with Listening() as listening:
        listening.for_seconds(0.3)
        microphone.kill()
        listening.until(lambda: bool(listening.of(DeviceLost)), patience_s=5.0)
        microphone.start()
        listening.until_restored()
        listening.for_seconds(0.3)


def test_a_frozen_sound_server_costs_only_the_time_it_is_frozen(
    microphone: VirtualMicrophone,
) -> None:
    """A server that hangs for 4 s is given up, and the stream's time stays that of the clock."""
    with Listening() as listening:
        listening.for_seconds(1.0)
        microphone.freeze()
        time.sleep(4.0)
        assert len(listening.of(DeviceLost)) == 1
        microphone.thaw()
        listening.until_restored()
        listening.for_seconds(1.0)
    before_s, after_s = listening.lags_s()
    assert after_s == pytest.approx(before_s, abs=0.05)


def test_a_suspended_device_is_lost_after_two_seconds(microphone: VirtualMicrophone) -> None:
    """A device that stays open and delivers nothing counts as lost, until it delivers."""
    with Listening() as listening:
        listening.for_seconds(0.3)
        microphone.suspend(True)
        began_s = time.monotonic()
        listening.until(lambda: bool(listening.of(DeviceLost)))
        assert 1.5 < time.monotonic() - began_s < 4.0
        microphone.suspend(False)
        listening.until_restored()
    lost = listening.of(DeviceLost)[0]
    assert isinstance(lost, DeviceLost)
    assert "no audio for 2 s" in lost.reason


def test_a_device_that_delivers_nothing_at_the_start_is_refused(
    microphone: VirtualMicrophone,
) -> None:
    """A sound server that is frozen before the first block is an error, not an endless wait."""
    microphone.freeze()
    with pytest.raises(DeviceError, match="no audio within 5 s"):
        next(MicrophoneSource("default").items())
    assert not children() & capture_processes()


@pytest.mark.parametrize("frozen", [False, True])
def test_stop_ends_the_items_and_the_process_at_once(
    microphone: VirtualMicrophone, frozen: bool
) -> None:
    """Within 100 ms of `stop`, also while the sound server hangs, nothing runs any more."""
    took_s = []
    for _ in range(3):  # the best of three: this computer may be busy with something else
        with Listening() as listening:
            listening.for_seconds(0.2)
            if frozen:
                microphone.freeze()
                time.sleep(0.1)
            began_s = time.monotonic()
            listening.source.stop()
            listening.join()
            took_s.append(time.monotonic() - began_s)
        assert not children() & capture_processes()
        assert listening.error is None
        microphone.thaw()
    assert min(took_s) < 0.1


def test_stop_before_the_items_leaves_no_process(microphone: VirtualMicrophone) -> None:
    """A capture process that was started early and never read from is ended too."""
    source = MicrophoneSource("default", process=CaptureProcess.of_device("default", 50))
    source.stop()
    assert list(source.items()) == []
    assert not children() & capture_processes()


def test_an_interrupt_for_the_whole_group_is_left_to_the_parent(
    microphone: VirtualMicrophone,
) -> None:
    """The capture process goes on delivering through SIGINT and SIGTERM."""
    with Listening() as listening:
        listening.for_seconds(0.3)
        (pid,) = children() & capture_processes()
        os.kill(int(pid), signal.SIGINT)
        os.kill(int(pid), signal.SIGTERM)
        listening.for_seconds(0.3)
    assert not listening.of(DeviceLost)


@pytest.mark.parametrize("frozen", [False, True])
def test_a_killed_parent_leaves_no_capture_process(
    microphone: VirtualMicrophone, frozen: bool
) -> None:
    """Even SIGKILL takes the capture process with it, also while that hangs in PortAudio."""
    program = (
        "from kws_live.sources.microphone import MicrophoneSource\n"
        "for item in MicrophoneSource('default').items(): print('block', flush=True)\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", program], env=microphone.env, stdout=subprocess.PIPE
    )
    assert parent.stdout is not None
    assert parent.stdout.readline() == b"block\n"
    child = child_of(parent.pid)
    if frozen:
        microphone.freeze()
        time.sleep(0.2)
    parent.kill()
    parent.wait()
    parent.stdout.close()
    deadline_s = time.monotonic() + 2.0
    while str(child) in capture_processes():
        assert time.monotonic() < deadline_s
        time.sleep(0.01)


def capture_processes() -> set[str]:
    """Return the ids of all live processes that capture."""
    found = set()
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if b"kws_live.capture" in (process / "cmdline").read_bytes().split(b"\0"):
                found.add(process.name)
    return found
