"""Clips of what was detected or nearly was, kept on request, and what a person says of them."""
