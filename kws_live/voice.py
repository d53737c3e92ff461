"""WebRTC's voice-activity detector: a Gaussian mixture over six sub-bands.

Taken from the extension of webrtcvad-wheels itself. The module around it imports
importlib.metadata, and e-mail and zip files with that, only to tell its own version: a twentieth of
each start, and 2 MB.
"""

import _webrtcvad

from kws_live.types import SAMPLE_RATE_HZ


class VoiceDetector:
    """Judges pieces of 10, 20 or 30 ms, in the order of the stream.

    Args:
        mode: 0 (lenient) to 3 (strict).
    """

    def __init__(self, mode: int) -> None:
        self._state = _webrtcvad.create()
        _webrtcvad.init(self._state)
        _webrtcvad.set_mode(self._state, mode)

    def is_speech(self, piece: bytes) -> bool:
        """Return whether a piece, int16 in native byte order, holds voice."""
        voiced: bool = _webrtcvad.process(self._state, SAMPLE_RATE_HZ, piece, len(piece) // 2)
        return voiced
