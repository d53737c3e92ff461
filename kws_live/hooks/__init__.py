"""The user's commands, run for detections."""

from kws_live.hooks.runner import HookRunner

__all__ = ["HookRunner"]
