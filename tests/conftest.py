"""What holds for every test."""

import signal

from hypothesis import settings

# A busy machine is no failure: properties are about values, never about time.
settings.register_profile("kws-live", deadline=None)
settings.load_profile("kws-live")

# Whoever runs the tests in the background has them ignore Ctrl-C, and so their children, kws-live
# among them, which respects that. Tests that send it mean it.
signal.signal(signal.SIGINT, signal.default_int_handler)
