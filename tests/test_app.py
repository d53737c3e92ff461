"""The app starts every thread, and stops them all, whatever happens."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from support.tiny_model import make_tiny_model

from kws_live.app import App
from kws_live.compose import Settings, assemble, settle
from kws_live.config import load
from kws_live.errors import InputError
from kws_live.events import Body, Event
from kws_live.model import Classifier, Stream
from kws_live.options import Options
from kws_live.types import (
    SAMPLE_RATE_HZ,
    Block,
    DeviceLost,
    DeviceRestored,
    Float32Array,
    Gap,
    Int16Array,
    SourceItem,
)


class ScriptedSource:
    """Yields what it is given; an exception in the script is raised."""

    duration_s = None

    def __init__(self, script: Sequence[SourceItem | Exception], *, paced: bool = False) -> None:
        self.name = "script"
        self.paced = paced
        self._script = script

    def items(self) -> Iterator[SourceItem]:
        """Yield the script."""
        for item in self._script:
            if isinstance(item, Exception):
                raise item
            yield item

    def stop(self) -> None:
        """Nothing to interrupt."""


class EndlessSource(ScriptedSource):
    """Never ends by itself: delivers a block every 30 ms until it is stopped."""

    def __init__(self) -> None:
        super().__init__([], paced=True)
        self._stopped = threading.Event()

    def items(self) -> Iterator[SourceItem]:
        """Yield blocks of voice."""
        while not self._stopped.wait(0.03):
            yield Block(voice(0.03), SAMPLE_RATE_HZ, time.monotonic_ns())

    def stop(self) -> None:
        """End `items`."""
        self._stopped.set()


class Notebook:
    """A sink that keeps every event."""

    name = "notebook"

    def __init__(self) -> None:
        self.events: list[Event] = []

    def offer(self, event: Event, block: bool) -> bool:
        """Keep it."""
        self.events.append(event)
        return True

    def run(self) -> None:
        """Nothing is left to do."""

    def release(self) -> None:
        """Nobody waits."""

    def close(self) -> None:
        """Nothing to end."""

    def bodies(self, kind: str) -> list[Body]:
        """Return the bodies of one type."""
        return [event.body for event in self.events if event.type == kind]


def voice(seconds: float) -> np.ndarray:
    """A buzz that opens the gate, float32 [n, 1]."""
    time_s = np.arange(round(seconds * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    buzz = sum(np.sin(2 * np.pi * 120 * n * time_s) / n for n in range(1, 30))
    return (0.1 * buzz).astype(np.float32)[:, np.newaxis]


def blocks(seconds: float) -> list[SourceItem]:
    """Voice in one-second blocks, all there at once."""
    return [Block(voice(1.0), SAMPLE_RATE_HZ, time.monotonic_ns()) for _ in range(int(seconds))]


def silence(seconds: int) -> list[SourceItem]:
    """As `blocks`, of digital silence."""
    nothing = np.zeros((SAMPLE_RATE_HZ, 1), np.float32)
    return [Block(nothing, SAMPLE_RATE_HZ, time.monotonic_ns()) for _ in range(seconds)]


Noted = Callable[[ScriptedSource], tuple[App, Notebook]]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small model."""
    return make_tiny_model(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(scope="module")
def settings(model: Path) -> Settings:
    """The default configuration with it."""
    return settle(load(None, {"XDG_CONFIG_HOME": "/nonexistent"}, {"model": str(model)}))


@pytest.fixture
def noted(settings: Settings) -> Noted:
    """Put an app together whose events are kept."""
    return lambda source: note(settings, source)


@pytest.fixture
def nearly(model: Path, tmp_path: Path) -> Noted:
    """The same with keywords whose scores are always between release and threshold."""
    config = tmp_path / "config.toml"
    config.write_text("schema = 1\n[decoder]\nthreshold = 1.0\nrelease = 1e-9\n")
    settings = settle(load(config, {}, {"model": str(model)}))
    return lambda source: note(settings, source)


def note(settings: Settings, source: ScriptedSource) -> tuple[App, Notebook]:
    """Put an app together and a notebook among its sinks."""
    app = assemble(settings, Options(), source)
    notebook = Notebook()
    app.bus.attach(notebook)
    app.sinks = [*app.sinks, notebook]
    return app, notebook


def kws_threads() -> list[str]:
    """Names of our threads that run."""
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("kws-")]


def test_the_whole_input_is_used_before_the_end(noted: Noted) -> None:
    """An unpaced source is never skipped: every hop of ten seconds is inferred."""
    app, notebook = noted(ScriptedSource(blocks(10)))
    app.run()
    stats = notebook.events[-1].body
    assert stats.inferred_hops == 100  # type: ignore[union-attr]
    assert stats.dropped_hops == 0  # type: ignore[union-attr]


def test_when_inference_falls_behind_the_oldest_hops_are_skipped_and_counted(
    noted: Noted, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twenty seconds at once, and a model that takes 20 ms: events, totals and hops agree."""
    quick = Stream.posteriors

    def slow(stream: Stream, end_sample: int) -> Float32Array | None:
        time.sleep(0.02)
        return quick(stream, end_sample)

    monkeypatch.setattr(Stream, "posteriors", slow)
    app, notebook = noted(ScriptedSource(blocks(20), paced=True))
    app.run()
    stats = notebook.events[-1].body
    dropped = notebook.bodies("dropped")
    assert dropped
    assert sum(body.count for body in dropped) == dropped[-1].total  # type: ignore[union-attr]
    assert stats.dropped_hops == dropped[-1].total  # type: ignore[union-attr]
    assert stats.dropped_hops + stats.inferred_hops == 200  # type: ignore[union-attr]


def test_a_lost_device_is_told_and_the_stream_goes_on_behind_the_gap(noted: Noted) -> None:
    """The index advances by what was lost; the times of later events hold it."""
    script = [
        *blocks(1),
        DeviceLost("script", "unplugged"),
        Gap(3 * SAMPLE_RATE_HZ, "device_lost"),
        DeviceRestored("script", 3.0, 2),
        *blocks(1),
    ]
    app, notebook = noted(ScriptedSource(script))
    app.run()
    of_inference = {"vad", "detection", "near_miss"}
    kinds = [event.type for event in notebook.events if event.type not in of_inference]
    assert kinds == ["ready", "device_lost", "gap", "device_restored", "stats"]
    assert notebook.events[-1].body.lost_s == 3.0  # type: ignore[union-attr]
    assert notebook.events[-1].stream_s == pytest.approx(5.0, abs=0.03)


def test_near_misses_are_told_when_the_gate_closes_and_at_the_end(nearly: Noted) -> None:
    """Each stretch of voice is one for each keyword, in its place; the totals agree."""
    app, notebook = nearly(ScriptedSource([*blocks(2), *silence(3), *blocks(2)]))
    app.run()
    told = notebook.bodies("near_miss")
    assert [body.keyword for body in told] == ["yes", "no"] * 2  # type: ignore[union-attr]
    assert all(body.decided_s <= 3.5 for body in told[:2])  # type: ignore[union-attr]
    assert all(body.decided_s >= 4.5 for body in told[2:])  # type: ignore[union-attr]
    assert notebook.bodies("stats")[-1].near_misses == {"yes": 2, "no": 2}  # type: ignore[union-attr]


def test_near_misses_do_not_reach_across_a_gap(nearly: Noted) -> None:
    """What came before lost audio is told for itself."""
    app, notebook = nearly(
        ScriptedSource([*blocks(1), Gap(SAMPLE_RATE_HZ // 10, "overrun"), *blocks(1)])
    )
    app.run()
    told = notebook.bodies("near_miss")
    assert [body.decided_s <= 1.0 for body in told] == [True, True, False, False]  # type: ignore[union-attr]


def test_near_misses_are_told_when_the_run_is_stopped(nearly: Noted) -> None:
    """In the middle of a word."""
    app, notebook = nearly(EndlessSource())
    threading.Timer(0.5, app.stop).start()
    app.run()
    told = notebook.bodies("near_miss")
    assert [body.keyword for body in told] == ["yes", "no"]  # type: ignore[union-attr]


def test_an_exception_in_a_worker_ends_the_run_with_it(noted: Noted) -> None:
    """It never dies silently: the exception comes out, an error event is told, no thread is left."""
    app, notebook = noted(ScriptedSource([*blocks(1), RuntimeError("a bug")]))
    with pytest.raises(RuntimeError, match="a bug"):
        app.run()
    (error,) = notebook.bodies("error")
    assert error.exit_code == 70  # type: ignore[union-attr]
    assert kws_threads() == []


def test_an_exception_in_the_pool_ends_the_run_with_it(
    noted: Noted, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As one in a worker of its own."""

    def fail(classifier: Classifier, audio: Int16Array) -> Float32Array:
        raise RuntimeError("a bug")

    monkeypatch.setattr(Classifier, "span_posteriors", fail)
    app, notebook = noted(ScriptedSource(blocks(60)))
    with pytest.raises(RuntimeError, match="a bug"):
        app.run()
    assert notebook.bodies("error")
    assert kws_threads() == []


def test_a_stop_does_not_wait_for_what_a_pool_was_given(
    noted: Noted, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A minute of audio would take as long: what is being inferred ends, and no more begins."""
    quick = Classifier.span_posteriors
    begun = []

    def slow(classifier: Classifier, audio: Int16Array) -> Float32Array:
        begun.append(len(audio))
        time.sleep(0.5)
        return quick(classifier, audio)

    monkeypatch.setattr(Classifier, "span_posteriors", slow)
    app, _ = noted(ScriptedSource(blocks(600)))
    threading.Timer(0.3, app.stop).start()
    began_s = time.monotonic()
    app.run()
    assert time.monotonic() - began_s < 2
    assert app.pool is not None
    assert len(begun) == app.pool.workers
    assert kws_threads() == []


def test_an_expected_error_keeps_its_exit_code(noted: Noted) -> None:
    """What came before it is used, then it is told."""
    app, notebook = noted(ScriptedSource([*blocks(2), InputError("cut off")]))
    with pytest.raises(InputError):
        app.run()
    (error,) = notebook.bodies("error")
    assert error.exit_code == 66  # type: ignore[union-attr]
    assert notebook.bodies("stats")[-1].inferred_hops == 20  # type: ignore[union-attr]


def test_a_stop_is_prompt_and_leaves_no_thread(noted: Noted) -> None:
    """From another thread, in the middle of an endless stream."""
    app, notebook = noted(EndlessSource())
    threading.Timer(0.5, app.stop).start()
    began_s = time.monotonic()
    app.run()
    assert time.monotonic() - began_s < 2
    assert notebook.events[0].type == "ready"
    assert notebook.events[-1].type == "stats"
    assert kws_threads() == []
