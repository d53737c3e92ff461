"""kws-live: a real-time microphone keyword spotter that people leave running."""

import os

__version__ = "0.1.0"

# onnxruntime sends reports of its use to its makers and keeps a device id in the home folder, unless
# it finds this when it is imported. A program that listens to people tells nobody anything.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
