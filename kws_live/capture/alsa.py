"""What ALSA's configuration is spared, before PortAudio reads it."""

import ctypes

_LIBRARY = "libasound.so.2"
_ENCODER = b"pcm.a52"


def forget_encoder() -> None:
    """Take the AC-3 encoder out of this process's ALSA configuration, where there is one.

    PortAudio opens everything that the configuration names, to see what it is. The encoder plays
    to a receiver and records nothing, but brings in FFmpeg and seventy more libraries, which stay:
    15 MB of them, and a third of the time until the first block. Call it before PortAudio is loaded.
    """
    try:
        asound = ctypes.CDLL(_LIBRARY)
    except OSError:
        return  # PortAudio has another sound system then, or none, which it says itself
    if asound.snd_config_update() < 0:
        return
    top = ctypes.c_void_p.in_dll(asound, "snd_config")
    encoder = ctypes.c_void_p()
    if asound.snd_config_search(top, _ENCODER, ctypes.byref(encoder)) == 0:
        asound.snd_config_delete(encoder)
