"""What holds for every test."""

from hypothesis import settings

# A busy machine is no failure: properties are about values, never about time.
settings.register_profile("kws-live", deadline=None)
settings.load_profile("kws-live")
