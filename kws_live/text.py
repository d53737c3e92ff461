"""Text from outside, made fit for a terminal."""


def printable(text: str) -> str:
    """Return `text` on one line, with a space for each character that isn't printable.

    Names of devices, files and keywords and what programs say may hold anything: escape sequences
    that move the cursor or answer in the user's place, line breaks that fake a line of ours, marks
    that turn the direction of writing.
    """
    if text.isprintable():
        return text
    return "".join(character if character.isprintable() else " " for character in text)
