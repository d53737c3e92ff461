"""One rival of `benchmarks.cpu`, listening to raw 16 kHz samples on standard input.

Each is written as its documentation shows, with what it does after a detection reduced to a line of
output. It is given 80 ms at a time: the step of openWakeWord, and eight of those of 10 ms that the
examples of pyopen-wakeword and pymicro-wakeword take, which cost both more.

    python -m benchmarks.cpu_listener NAME WORD...

prints `ready`, and a line for each detection.
"""

import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence

BLOCK_BYTES = 2 * 1280
POCKETSPHINX_THRESHOLD = "1e0"
"""Of every word. What it costs doesn't depend on it: within 0.1 % of a core from 1e-5 to 1e10."""
_REST_BLOCKS = 12
"""About a second, in which a word that stays above its threshold counts once."""


def main() -> None:
    """Listen until the input ends."""
    name, *words = sys.argv[1:]
    listen = LISTENERS[name](words)
    listen(bytes(BLOCK_BYTES))  # openWakeWord works off 8 s of silence at its first block
    print("ready", flush=True)
    for block in _blocks():
        if listen(block):
            print("detection", flush=True)


Listen = Callable[[bytes], bool]
"""Takes 80 ms; returns whether a word was detected."""


def pocketsphinx(words: Sequence[str]) -> Listen:
    """Keyword mode on everything that is heard, an utterance up to each detection."""
    decoder = _decoder(words)
    decoder.start_utt()

    def listen(block: bytes) -> bool:
        decoder.process_raw(block)
        detected = decoder.hyp() is not None
        if detected:
            decoder.end_utt()
            decoder.start_utt()
        return detected

    return listen


def pocketsphinx_endpointer(words: Sequence[str]) -> Listen:
    """The same behind its own `Endpointer`, as `LiveSpeech` does it: it searches only while somebody speaks."""
    from pocketsphinx import Endpointer  # noqa: PLC0415 - each process loads one rival

    decoder = _decoder(words)
    endpointer = Endpointer(sample_rate=16_000)
    pending = bytearray()

    def listen(block: bytes) -> bool:
        pending.extend(block)
        detected = False
        while len(pending) >= endpointer.frame_bytes:
            was_in_speech = endpointer.in_speech
            speech = endpointer.process(bytes(pending[: endpointer.frame_bytes]))
            del pending[: endpointer.frame_bytes]
            if speech is None:
                continue
            if not was_in_speech:
                decoder.start_utt()
            decoder.process_raw(speech)
            if decoder.hyp() is not None:
                detected = True
                decoder.end_utt()
                if endpointer.in_speech:
                    decoder.start_utt()
            elif not endpointer.in_speech:
                decoder.end_utt()
        return detected

    return listen


def pyopen_wakeword(words: Sequence[str]) -> Listen:
    """The example of its README, with a model of its wheel."""
    from pyopen_wakeword import Model, OpenWakeWord, OpenWakeWordFeatures  # noqa: PLC0415

    (word,) = words
    model = OpenWakeWord.from_builtin(Model(word))
    features = OpenWakeWordFeatures.from_builtin()
    return _rested(
        lambda block: (
            probability > 0.5
            for embeddings in features.process_streaming(block)
            for probability in model.process_streaming(embeddings)
        )
    )


def pymicro_wakeword(words: Sequence[str]) -> Listen:
    """The example of its README, with a model of its wheel."""
    from pymicro_wakeword import MicroWakeWord, MicroWakeWordFeatures, Model  # noqa: PLC0415

    (word,) = words
    model = MicroWakeWord.from_builtin(Model(word))
    features = MicroWakeWordFeatures()
    return _rested(
        lambda block: (
            bool(model.process_streaming(each)) for each in features.process_streaming(block)
        )
    )


def _rested(answers: Callable[[bytes], Iterator[bool]]) -> Listen:
    """Count a word that is held above its threshold once."""
    rest = 0

    def listen(block: bytes) -> bool:
        nonlocal rest
        # All of them: `any` alone would leave those after the first detection unasked for.
        detected = any(list(answers(block))) and rest == 0
        rest = _REST_BLOCKS if detected else max(0, rest - 1)
        return detected

    return listen


def _decoder(words: Sequence[str]):  # type: ignore[no-untyped-def] # of an untyped library
    from pocketsphinx import Decoder  # noqa: PLC0415

    with tempfile.NamedTemporaryFile("w", suffix=".list") as phrases:
        phrases.writelines(f"{word} /{POCKETSPHINX_THRESHOLD}/\n" for word in words)
        phrases.flush()
        return Decoder(lm=None, kws=phrases.name, loglevel="FATAL")


def _blocks() -> Iterator[bytes]:
    """Yield what comes on standard input, 80 ms at a time; what is left at the end is not used."""
    pending = b""
    while data := os.read(0, BLOCK_BYTES - len(pending)):
        pending += data
        if len(pending) == BLOCK_BYTES:
            yield pending
            pending = b""


LISTENERS: dict[str, Callable[[Sequence[str]], Listen]] = {
    "pocketsphinx": pocketsphinx,
    "pocketsphinx-endpointer": pocketsphinx_endpointer,
    "pyopen-wakeword": pyopen_wakeword,
    "pymicro-wakeword": pymicro_wakeword,
}

if __name__ == "__main__":
    main()
