"""kws-live: a real-time microphone keyword spotter that people leave running."""

__version__ = "0.1.0"
