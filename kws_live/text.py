"""Text for people: what came from outside made fit for a terminal, and times as they are read."""


def printable(text: str) -> str:
    """Return `text` on one line, with a space for each character that isn't printable.

    Names of devices, files and keywords and what programs say may hold anything: escape sequences
    that move the cursor or answer in the user's place, line breaks that fake a line of ours, marks
    that turn the direction of writing.
    """
    if text.isprintable():
        return text
    return "".join(character if character.isprintable() else " " for character in text)


def clock(stream_s: float) -> str:
    """Return stream time as "12:34", from one hour on as "1:02:34"."""
    minutes, seconds = divmod(int(stream_s), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
