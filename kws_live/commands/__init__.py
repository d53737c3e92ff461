"""The subcommands of kws-live, one module each.

A module's top level imports nothing that takes time: `kws-live --help` and completion read them all.
What a command needs, it imports when it runs.
"""
