"""The process that owns the audio device.

When a sound server freezes, every PortAudio call of the process that made it hangs, close and
terminate included. So PortAudio lives in a process of its own, which the daemon can kill: `python
-m kws_live.capture`. It writes framed records to standard output (`records`) and ends when its
standard input does. Nothing here may import numpy: the child has to start in a fraction of a
second.
"""
