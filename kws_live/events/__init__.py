"""What the program tells the world: typed events, a bus that numbers them, sinks that take them."""

from kws_live.events.bodies import (
    BODY_TYPES,
    Body,
    ClipCounts,
    DetectionBody,
    DeviceLostBody,
    DeviceRestoredBody,
    DroppedBody,
    ErrorBody,
    GapBody,
    HookBody,
    HookCounts,
    KeywordThreshold,
    Latency,
    NearMissBody,
    ReadyBody,
    StatsBody,
    VadBody,
)
from kws_live.events.bus import EventBus, new_run_id
from kws_live.events.event import SCHEMA_VERSION, Event
from kws_live.events.jsonl import JsonLinesSink
from kws_live.events.sink import Mailbox, Sink
from kws_live.events.writer import PatientWriter

__all__ = [
    "BODY_TYPES",
    "SCHEMA_VERSION",
    "Body",
    "ClipCounts",
    "DetectionBody",
    "DeviceLostBody",
    "DeviceRestoredBody",
    "DroppedBody",
    "ErrorBody",
    "Event",
    "EventBus",
    "GapBody",
    "HookBody",
    "HookCounts",
    "JsonLinesSink",
    "KeywordThreshold",
    "Latency",
    "Mailbox",
    "NearMissBody",
    "PatientWriter",
    "ReadyBody",
    "Sink",
    "StatsBody",
    "VadBody",
    "new_run_id",
]
