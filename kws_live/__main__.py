"""The command `kws-live`, also as `python -m kws_live`."""

import signal


def main() -> None:
    """Run the command line: `kws_live.cli.main`, which takes a moment to import.

    Ctrl-C ends the process by itself, as SIGTERM does, until something is at work that has to clean
    up (`kws_live.signals`, `kws_live.termination`). Python's own handler would raise
    KeyboardInterrupt wherever the program is, and amid imports that is a traceback, some other
    error, or nothing at all: what strikes a callback of the interpreter is lost.
    """
    # Where Ctrl-C is ignored, as in a background job of a script, it stays so.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from kws_live.cli import main as run  # noqa: PLC0415

    run()


if __name__ == "__main__":
    main()
