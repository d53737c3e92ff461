"""The display as a whole: what is on it, where, and that it fits."""

import copy

import pytest
from display.states import (
    DEVICE,
    TEN,
    detection,
    event,
    history,
    hook,
    line_with,
    lost_audio,
    lost_device,
    near_miss,
    snapshot,
    text,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from kws_live.display.farewell import farewell
from kws_live.display.render import render
from kws_live.display.theme import ASCII, UNICODE
from kws_live.events import DetectionBody, DroppedBody
from kws_live.status import Counters

BUSY = [
    *(detection(TEN[i % 10], 60.0 * i, seq=i) for i in range(50)),
    lost_audio(),
    hook("exited", 49, exit_code=1),
]
names = st.text(min_size=1, max_size=30)


@st.composite
def states(draw: st.DrawFn):
    """Any state of the program, with whatever users and devices call things."""
    keywords = draw(st.lists(names, max_size=40, unique=True))
    ratio = st.floats(0, 1)
    status = snapshot(
        stream_s=draw(st.floats(0, 1e7)),
        duration_s=draw(st.none() | st.floats(0, 1e7)),
        level_db=draw(st.floats(-90, 10)),
        gate_open=draw(st.booleans()),
        scores={name: draw(ratio) for name in keywords[: draw(st.integers(0, 40))]},
        thresholds={name: draw(ratio) for name in keywords},
        latency_p50_ms=draw(st.none() | st.floats(0, 1e6)),
        counters=Counters(
            near_misses=draw(st.dictionaries(names, st.integers(1, 10**9), max_size=3)),
            dropped_hops=draw(st.integers(0, 10**9)),
            lost_s=draw(st.floats(0, 1e9)),
        ),
        device=draw(st.text(max_size=100)),
        device_ok=draw(st.booleans()),
        model=draw(st.text(max_size=60)),
        clips_folder=draw(st.text(max_size=100)),
    )
    past = history(*(detection(name, 60.0 * i, seq=i) for i, name in enumerate(keywords)))
    for i, name in enumerate(keywords):
        reason = draw(st.sampled_from(["below_threshold", "held_back"]))
        past.record(near_miss(name, 60.0 * i, seq=i, reason=reason))
    if not status.device_ok:
        past.record(lost_device(status.device))
    for line in draw(st.lists(st.text(max_size=120), max_size=5)):
        past.log(0, line)
    return status, past


@settings(max_examples=200, deadline=None)
@given(states(), st.integers(0, 260), st.integers(0, 70), st.sampled_from([UNICODE, ASCII]))
def test_it_fits_whatever_there_is_to_show(state, width, height, glyphs) -> None:
    """No line is wider, and there are no more of them, than the terminal has cells; nothing moves the cursor."""
    frame = render(*state, width, height, glyphs)
    assert len(frame.lines) <= height
    for line, words in zip(frame.lines, text(frame), strict=True):
        assert line.cells == cell_len(words) <= width
        assert words.isprintable()
        assert words.isascii() or glyphs is UNICODE


def test_names_from_outside_cannot_drive_the_terminal() -> None:
    """An escape sequence in the name of a device, a model, a keyword or in a reason stays text."""
    evil = "mic\x1b]0;pwned\x07\x1b[2J\u202e!"
    state = snapshot(device=evil, model=evil, device_ok=False, thresholds={evil: 0.7})
    past = history(
        *(detection(evil, 1.0), near_miss(evil, 2.0, seq=1)),
        *(lost_device(evil), hook("failed", 0, reason=evil)),
    )
    for size in ((80, 24), (200, 50)):
        lines = text(render(state, past, *size))
        assert sum("mic ]0;pwned" in line for line in lines) >= 3
        assert any("near miss" in line for line in lines)
        assert all(line.isprintable() for line in lines)
    assert all(line.isprintable() for line in text(farewell(state, past, 80, UNICODE)))


@pytest.mark.parametrize("device_ok", [True, False])
def test_ten_keywords_are_all_visible_at_80_by_24(device_ok: bool) -> None:
    """Each has its line, its threshold and its count, and there is room for three detections and messages."""
    past = history(*BUSY) if device_ok else history(*BUSY, lost_device())
    lines = text(render(snapshot(device_ok=device_ok), past, 80, 24))
    assert len(lines) == 24
    for name in TEN:
        assert sum(f" {name} " in line and line.endswith("5 ") for line in lines) == 1
    assert sum("0.93 ≥ 0.70" in line for line in lines) >= 3
    assert any("hook for 'stop', playerctl pause: exit 1" in line for line in lines)


def test_ten_keywords_are_all_visible_at_60_by_15() -> None:
    """A small window still has the level, each keyword, the last detection and the totals."""
    lines = text(render(snapshot(), history(*BUSY), 60, 15))
    assert all(any(f" {name} " in line for line in lines) for name in TEN)
    assert sum("0.93 ≥ 0.70" in line for line in lines) == 1
    assert any("-24 dB" in line for line in lines)
    assert "p50  121 p95  243 ms" in lines[-1]


def test_two_hundred_columns_show_detections_beside_the_keywords() -> None:
    """The width is used: every detection of the last hour stands at the right."""
    lines = text(render(snapshot(), history(*BUSY), 200, 50))
    assert any("Keywords" in line and "Last heard" in line for line in lines)
    assert sum("0.93 ≥ 0.70" in line for line in lines) >= 35


def test_keywords_that_do_not_fit_are_counted() -> None:
    """Thirty-five keywords in a tiny window: some are shown, and how many are not."""
    thresholds = {f"word{i}": 0.7 for i in range(35)}
    lines = text(render(snapshot(thresholds=thresholds, scores={}), history(), 50, 12))
    shown = sum("word" in line for line in lines)
    assert 0 < shown < 35
    assert any(f"and {35 - shown} more" in line for line in lines)


def test_many_keywords_stand_in_columns_before_any_is_left_out() -> None:
    """Thirty-five keywords at 80×24 are all there."""
    thresholds = {f"word{i}": 0.7 for i in range(35)}
    lines = " ".join(text(render(snapshot(thresholds=thresholds, scores={}), history(), 80, 24)))
    assert all(f" word{i} " in lines for i in range(35))


@settings(deadline=None)
@given(st.integers(14, 260), st.integers(1, 70))
def test_a_lost_device_comes_first_at_any_size(width: int, height: int) -> None:
    """Whatever else has to go, the first line says so, in reverse so that it needs no colour."""
    frame = render(snapshot(device_ok=False), history(lost_device()), width, height)
    assert text(frame)[0].startswith(" ▲ DEVICE LOST")
    assert all(segment.style.reverse for segment in frame.lines[0].segments)
    assert frame.lines[0].cells == width


def test_a_lost_device_is_named_with_time_and_reason() -> None:
    """Since when, which one, and why, and that something is being done about it."""
    lines = text(render(snapshot(device_ok=False), history(lost_device()), 80, 24))
    assert f"DEVICE LOST since 09:00:00: {DEVICE}" in lines[0]
    assert "trying to open it again (no audio for 2 s)" in lines[1]
    assert not any("listening" in line for line in lines)


def test_that_clips_are_being_kept_is_never_out_of_sight() -> None:
    """With the folder where there is room; a long name of the device gives way."""
    for width, words in ((120, "● keeping clips in /home/me/clips "), (40, "● keeping clips ")):
        state = snapshot(device=DEVICE, clips_folder="/home/me/clips")
        line = line_with(render(state, history(), width, 24), " device ")
        assert line.endswith(words)
        assert line.startswith(" device Monitor of")
    assert "clips" not in "".join(text(render(snapshot(), history(), 120, 24)))


def test_a_long_device_name_is_cut_with_an_ellipsis() -> None:
    """The line ends in an ellipsis at the edge of the terminal, wide characters or not."""
    for name in ("Microphone " * 20, "マイク" * 40):
        line = line_with(render(snapshot(device=name), history(), 80, 24), " device ")
        assert line.endswith("…")
        assert 78 <= cell_len(line) <= 80


def test_a_keyword_shows_score_and_threshold_without_need_for_colour() -> None:
    """A sign tells whether the score reaches the threshold."""
    frame = render(snapshot({"yes": 0.93, "no": 0.62}), history(), 80, 24)
    assert "0.93 ≥ 0.70" in line_with(frame, " yes ")
    assert "0.62 < 0.70" in line_with(frame, " no ")


def test_a_closed_gate_shows_no_scores() -> None:
    """Nothing is being inferred: the last scores would look like a keyword that never ends."""
    frame = render(snapshot({"yes": 0.93}, gate_open=False), history(), 80, 24)
    line = line_with(frame, " yes ")
    assert "0.93" not in line
    assert "█" not in line
    assert "gate ○ closed" in line_with(frame, " level ")


def test_what_was_just_heard_is_marked_for_a_second() -> None:
    """The sign before the keyword comes with the detection and goes a second later."""
    past = history(detection("stop", 10.0))
    soon = render(snapshot(stream_s=10.9), past, 80, 24)
    later = render(snapshot(stream_s=11.1), past, 80, 24)
    assert " ● stop " in line_with(soon, " stop  █")
    assert "   stop " in line_with(later, " stop  █")


def test_detections_come_newest_first_with_time_score_and_latency() -> None:
    """The time of day, the keyword, its score, how long it took."""
    lines = text(render(snapshot(), history(detection("up", 5.0), detection("go", 9.0)), 80, 24))
    newest, older = (line for line in lines if "121 ms   at" in line)
    assert newest.startswith(" 08:00:09  go ")
    assert older.startswith(" 08:00:05  up             0.93 ≥ 0.70   121 ms   at 0:05")


def test_a_near_miss_stands_among_the_detections_with_what_it_lacked() -> None:
    """Faint, in the same columns, and in words what it is."""
    past = history(detection("go", 5.0, seq=1), near_miss("up", 9.0, seq=2))
    frame = render(snapshot(), past, 80, 24)
    newest = next(i for i, line in enumerate(text(frame)) if "0.62 < 0.70 near miss" in line)
    near, heard = text(frame)[newest : newest + 2]
    assert near == " 08:00:09  up             0.62 < 0.70 near miss  at 0:09"
    assert heard.startswith(" 08:00:05  go ")
    assert near.index("at 0:") == heard.index("at 0:")
    assert all(
        segment.style.dim for segment in frame.lines[newest].segments if segment.text.strip()
    )


def test_a_word_that_was_held_back_says_so() -> None:
    """Its score was high enough: the sign and the words tell."""
    frame = render(snapshot(), history(near_miss("up", 9.0, reason="held_back")), 80, 24)
    assert "0.91 ≥ 0.70 held back" in line_with(frame, " 08:00:09 ")


@pytest.mark.parametrize(
    ("near_misses", "words"),
    [
        ({}, "── 3 so far "),
        ({"up": 1}, "── 3 so far, 1 near miss "),
        ({"up": 2, "no": 1}, "── 3 so far, 3 near misses "),
    ],
)
def test_near_misses_are_counted_beside_the_detections(near_misses, words: str) -> None:
    """A user whose words do not fire sees that they were nearly heard."""
    counters = Counters(detections=3, near_misses=near_misses)
    frame = render(snapshot(counters=counters), history(), 80, 24)
    assert line_with(frame, "Last heard").endswith(words)


def test_unpaced_detections_have_no_latency() -> None:
    """A file read as fast as it goes has none, and none is made up."""
    body = DetectionBody("up", 0.9, 0.7, 5.0, 4.4, 5.0, "default", None)
    line = line_with(render(snapshot(), history(event(body)), 80, 24), "0.90 ≥ 0.70")
    assert "ms" not in line


def test_a_failed_hook_is_shown_with_its_detection_and_in_the_totals() -> None:
    """Both with the sign for trouble."""
    past = history(detection("stop", 5.0, seq=3), hook("exited", 3, exit_code=2))
    frame = render(snapshot(), past, 80, 24)
    assert "▲ hook: exit 2" in line_with(frame, " at 0:05")
    assert "▲hook failures    1" in text(frame)[-1]


def test_totals_without_trouble_have_no_sign() -> None:
    """Dropped hops and lost audio are marked only where there are any."""
    quiet = text(render(snapshot(), history(), 80, 24))
    assert not any("▲" in line for line in quiet)
    loud = render(snapshot(counters=Counters(dropped_hops=12, lost_s=3.5)), history(), 80, 24)
    assert "▲dropped hops    12" in line_with(loud, "dropped hops")
    assert "▲lost audio     3.5 s" in line_with(loud, "lost audio")


def test_messages_read_downwards() -> None:
    """The lines of a traceback keep their order, newest last, and trouble has a sign."""
    past = history()
    past.log(0, "Traceback:")
    past.log(0, "  boom")
    past.record(event(DroppedBody("hops", 3, 9)))
    lines = text(render(snapshot(), past, 80, 24))
    first = next(i for i, line in enumerate(lines) if "Traceback:" in line)
    assert "boom" in lines[first + 1]
    assert "▲ inference fell behind and skipped 3 hops (9 in all)" in lines[first + 2]


def test_a_file_shows_how_far_it_is() -> None:
    """Where the length is known it stands beside the time."""
    frame = render(snapshot(stream_s=75.0, duration_s=3_725.0), history(), 80, 24)
    assert text(frame)[0].endswith("1:15 / 1:02:05 ")


def test_digital_silence_is_not_a_level() -> None:
    """A muted microphone delivers exact zeros: the meter says so."""
    frame = render(snapshot(level_db=-90.0), history(), 80, 24)
    assert "silence" in line_with(frame, " level ")


def test_rendering_changes_nothing_and_repeats() -> None:
    """The same state gives the same frame, and the history is as before."""
    past = history(*BUSY)
    before = copy.deepcopy(past)
    assert render(snapshot(), past, 100, 30) == render(snapshot(), past, 100, 30)
    assert past == before
