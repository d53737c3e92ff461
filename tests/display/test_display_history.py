"""What the display remembers."""

import pytest
from display.states import detection, event, history, hook, lost_device, near_miss

from kws_live.events import (
    DeviceRestoredBody,
    DroppedBody,
    ErrorBody,
    GapBody,
    HookBody,
    VadBody,
)


def test_a_hook_s_course_is_kept_with_its_detection() -> None:
    """Started, ended: the detection that it ran for knows, the others don't."""
    past = history(detection("stop", 1.0, seq=1), detection("stop", 2.0, seq=5), hook("started", 1))
    assert [heard.hooks_running for heard in past.detections] == [1, 0]
    past.record(hook("exited", 1, exit_code=0))
    assert [heard.hooks_running for heard in past.detections] == [0, 0]
    assert [heard.hooks_ended for heard in past.detections] == [1, 0]
    assert past.hook_failures == 0


@pytest.mark.parametrize(
    ("state", "fields", "problem"),
    [
        ("exited", {"exit_code": 3}, "exit 3"),
        ("exited", {"exit_code": -9}, "signal 9"),
        ("timed_out", {"exit_code": -15}, "timed out"),
        ("failed", {"reason": "no such file"}, "did not start"),
        ("dropped", {}, "not run, too many at once"),
    ],
)
def test_every_way_a_hook_can_fail_is_counted_and_told(state, fields, problem) -> None:
    """The detection carries it in a few words, a message says which hook."""
    past = history(detection("stop", 1.0, seq=1), hook(state, 1, **fields))
    assert past.hook_failures == 1
    assert past.detections[0].hook_problem == problem
    message = past.messages[-1]
    assert message.trouble
    assert message.text.startswith(f"hook for 'stop', playerctl pause: {problem}")


def test_a_hook_ended_because_of_a_stop_is_no_failure() -> None:
    """It neither runs any more, nor is it done, nor did anything go wrong."""
    past = history(detection("stop", 1.0, seq=1), hook("started", 1))
    past.record(hook("stopped", 1, exit_code=-15, reason="ended because kws-live stopped"))
    (heard,) = past.detections
    assert (heard.hooks_running, heard.hooks_ended, heard.hook_problem) == (0, 0, None)
    assert past.hook_failures == 0
    assert not past.messages


def test_a_hook_of_a_forgotten_detection_still_counts() -> None:
    """The detection may have been dropped from a full queue: its hook's failure is not lost with it."""
    assert history(hook("failed", 99)).hook_failures == 1


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (GapBody(1.25, "overrun"), "1.25 s of audio lost"),
        (DroppedBody("hops", 3, 9), "skipped 3 hops (9 in all)"),
        (DroppedBody("events", 3, 9, "json"), "json was too slow and missed 3 events"),
        (DroppedBody("clips", 1, 4), "a clip could not be kept (4 in all)"),
    ],
)
def test_losses_become_messages(body, words) -> None:
    """Whatever was missed is told, with how much."""
    (message,) = history(event(body)).messages
    assert words in message.text
    assert message.trouble


def test_a_lost_device_is_remembered_until_it_is_back() -> None:
    """The alarm stands from the loss to the return; the messages keep both."""
    past = history(lost_device())
    assert past.loss is not None
    assert past.loss.clock == "09:00:00"
    past.record(event(DeviceRestoredBody("mic", 4.2, 3)))
    assert past.loss is None
    assert [message.trouble for message in past.messages] == [True, False]
    assert "back after 4.2 s" in past.messages[-1].text


@pytest.mark.parametrize("body", [VadBody(True), ErrorBody("no disk", 74)])
def test_some_events_are_not_for_the_messages(body) -> None:
    """The gate is shown otherwise, and an error is said by the program when it ends."""
    assert not history(event(body)).messages


def test_the_same_message_again_takes_no_further_line() -> None:
    """A device driver that repeats itself must not push everything else out."""
    past = history(lost_device())
    for _ in range(1_000):
        past.log(0, "underrun occurred")
    assert [(m.text, m.count) for m in past.messages][1:] == [("underrun occurred", 1_000)]


def test_a_year_of_events_takes_no_more_memory_than_a_day() -> None:
    """Detections and messages are bounded; the totals go on."""
    past = history(*(detection("yes", float(i), seq=i) for i in range(2_000)))
    for i in range(2_000):
        past.record(near_miss("yes", float(i), seq=2_000 + i))
    for i in range(2_000):
        past.log(0, f"line {i}")
    assert len(past.detections) == 200
    assert len(past.near_misses) == 100
    assert len(past.messages) == 100
    assert past.times_heard["yes"] == 2_000


def test_detections_and_near_misses_come_in_order_the_newest_first() -> None:
    """By their events, whose order is that of what happened."""
    past = history(
        detection("yes", 1.0, seq=1), near_miss("up", 2.0, seq=2), detection("no", 3.0, seq=3)
    )
    assert [item.keyword for item in past.latest(6)] == ["no", "up", "yes"]


def test_near_misses_do_not_push_out_the_detections() -> None:
    """Of what there is room for, they take half at most, and what the detections leave."""
    past = history(*(detection("yes", float(i), seq=i) for i in range(10)))
    for i in range(10, 100):
        past.record(near_miss("up", float(i), seq=i))
    assert [item.keyword for item in past.latest(5)] == ["up", "up", "yes", "yes", "yes"]
    assert [item.keyword for item in past.latest(1)] == ["yes"]
    assert past.latest(0) == []
    past.detections.clear()
    assert [item.keyword for item in past.latest(3)] == ["up", "up", "up"]


def test_a_near_miss_is_not_heard() -> None:
    """Neither counted with the keyword nor a message."""
    past = history(near_miss("up", 2.0))
    assert past.times_heard.total() == 0
    assert not past.last_heard_s
    assert not past.messages


def test_a_running_hook_is_no_failure() -> None:
    """Starting is not failing."""
    assert history(event(HookBody("stop", "x", "started", 1, pid=7))).hook_failures == 0
