"""Takes of a word, cut from a stream that somebody speaks into."""

import numpy as np
import pytest
from support.speech import say, spoken_stream

from kws_live.config import GateSettings
from kws_live.tune.takes import Take, TakeFinder
from kws_live.types import SAMPLE_RATE_HZ, Float32Array, Int16Array

GATE = GateSettings(enabled=True, mode=2, onset_s=0.06, hangover_s=0.6, preroll_s=0.3)


def int16(samples: Float32Array) -> Int16Array:
    return (np.clip(samples, -1, 1) * 32767).astype(np.int16)


def found(samples: Int16Array, block: int = 480) -> list[Take]:
    """What the finder makes of a stream, in blocks, with a second and a half of the room behind it."""
    room = int16(np.random.default_rng(0).normal(0, 1e-3, SAMPLE_RATE_HZ * 3 // 2).astype("f4"))
    audio = np.concatenate((samples, room))
    finder = TakeFinder(GATE)
    return [
        take for at in range(0, len(audio), block) for take in finder.push(audio[at : at + block])
    ]


def test_each_word_is_a_take() -> None:
    """With its word inside and a second around it, or less where another word is near."""
    samples, labels = spoken_stream(["stop", "go", "stop"], gap_s=(1.5, 1.6))
    takes = found(int16(samples))
    assert [take.fault for take in takes] == [None] * 3
    for take, label in zip(takes, labels, strict=True):
        assert take.end_s - take.start_s == pytest.approx(label.end_s - label.start_s, abs=0.15)
        assert 0.5 < take.start_s <= 1.0
        assert len(take.samples) / SAMPLE_RATE_HZ - take.end_s > 0.5


def test_no_take_holds_two_words() -> None:
    """Where they follow each other fast, the audio is divided."""
    samples, labels = spoken_stream(["stop", "stop"], gap_s=(0.9, 0.95))
    first, second = found(int16(samples))
    between_s = labels[1].start_s - labels[0].end_s
    behind_s = len(first.samples) / SAMPLE_RATE_HZ - first.end_s
    assert behind_s <= between_s
    assert second.start_s <= between_s


@pytest.mark.parametrize("block", [160, 1_000, 16_000])
def test_the_block_size_does_not_matter(block: int) -> None:
    """Up to what is there when a take is delivered, which only adds room behind it."""
    samples, _ = spoken_stream(["stop", "go"], gap_s=(1.5, 1.6))
    one, other = found(int16(samples), block), found(int16(samples))
    assert [(take.start_s, take.end_s) for take in one] == [
        (take.start_s, take.end_s) for take in other
    ]


def test_a_sentence_is_no_word() -> None:
    """It is told as too long."""
    words = np.concatenate([say(word) for word in ("stop", "right", "down", "left", "yes")])
    quiet = np.zeros(SAMPLE_RATE_HZ, dtype=np.float32)
    takes = found(int16(np.concatenate((quiet, words, quiet))))
    assert [take.fault for take in takes] == ["too long"]


def test_a_word_said_twice_is_no_word() -> None:
    """The gate stays open over a short pause; one example of two words would be counted as heard."""
    pause = np.zeros(SAMPLE_RATE_HZ * 4 // 10, dtype=np.float32)
    quiet = np.zeros(SAMPLE_RATE_HZ, dtype=np.float32)
    takes = found(int16(np.concatenate((quiet, say("stop"), pause, say("stop"), quiet))))
    assert [take.fault for take in takes] == ["too long"]


def test_noise_after_digital_silence_is_no_word() -> None:
    """Drivers that mute noise let it through in pieces."""
    rng = np.random.default_rng(0)
    noise = rng.normal(0, 0.01, SAMPLE_RATE_HZ).astype(np.float32)
    nothing = np.zeros(2 * SAMPLE_RATE_HZ, dtype=np.float32)
    finder = TakeFinder(GATE)
    audio = int16(np.concatenate((nothing, noise, nothing)))
    assert not finder.push(audio)


def test_a_word_that_is_hardly_recorded_is_told_or_not_taken() -> None:
    """However silent the room: at -70 dBFS no level meter moves."""
    quiet = np.zeros(SAMPLE_RATE_HZ, dtype=np.float32)
    word = say("stop")
    soft = word * (3e-4 / float(np.sqrt(np.mean(np.square(word)))))
    takes = found(int16(np.concatenate((quiet, soft, quiet))))
    assert all(take.fault == "too quiet" for take in takes)


def test_an_overdriven_word_is_told() -> None:
    """It was clipped by the converter."""
    quiet = np.zeros(SAMPLE_RATE_HZ, dtype=np.float32)
    takes = found(int16(np.concatenate((quiet, 40 * say("stop"), quiet))))
    assert [take.fault for take in takes] == ["overdriven"]


def test_silence_gives_nothing() -> None:
    """A minute of it."""
    finder = TakeFinder(GATE)
    second = np.zeros(SAMPLE_RATE_HZ, dtype=np.int16)
    assert not any(finder.push(second) for _ in range(60))
