"""From a configuration to an app, in the order that has it ready soonest.

Most of a start is imports: numpy, ONNX Runtime and what is built on them. The microphone takes as
long, in a process of its own, so that process is started before them.
"""

import gc
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from kws_live.config import AudioConfig, Resolved
from kws_live.options import DEMO_DEVICE, Options
from kws_live.sources.process import CaptureProcess

if TYPE_CHECKING:
    from kws_live.app import App


def launch(resolved: Resolved, keywords: Sequence[str], options: Options) -> "App":
    """Return the app of one run, its microphone being opened and its model warm.

    Args:
        resolved: the merged configuration.
        keywords: the only keywords to enable; all when empty.
        options: what else is asked for.

    Raises:
        KwsLiveError: model, configuration, device, input or recording can't be used.
        FlagError: a flag contradicts the model.
    """
    microphone = _open_microphone(resolved.config.audio) if options.input is None else None
    try:
        with _quick_imports():
            from kws_live.compose import compose, settle  # noqa: PLC0415  (see the module)

        return compose(settle(resolved, keywords), options, microphone)
    except BaseException:
        if microphone is not None:
            microphone.close()
        raise


@contextmanager
def _quick_imports() -> Iterator[None]:
    """Have numpy and all that is imported in the block cost what it must.

    numpy's OpenBLAS starts a thread for each further core, and they spin for a while: as much
    processor time as the import itself, and memory, for matrix products that the daemon has none
    of. It looks at the environment once, which hooks inherit: so it is put back.
    """
    threads = "OPENBLAS_NUM_THREADS"
    set_by_us = threads not in os.environ
    if set_by_us:
        os.environ[threads] = "1"
    # What is imported stays to the end: there is nothing for the collector to find, then or later.
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
        if set_by_us:
            del os.environ[threads]


def _open_microphone(audio: AudioConfig) -> CaptureProcess | None:
    """Start to open the configured device; None for the demo."""
    if audio.device == DEMO_DEVICE:
        return None
    return CaptureProcess.of_device(audio.device, audio.block_ms)
