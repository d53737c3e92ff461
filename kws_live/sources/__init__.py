"""Where audio comes from: a microphone, a file, standard input; each is a `Source`."""

from kws_live.sources.base import Source
from kws_live.sources.files import FileSource
from kws_live.sources.listing import list_devices
from kws_live.sources.microphone import MicrophoneSource
from kws_live.sources.raw import RawStdinSource

__all__ = ["FileSource", "MicrophoneSource", "RawStdinSource", "Source", "list_devices"]
