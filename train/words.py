"""The words of the default model, the words that must not be taken for them, and the user's choice."""

from collections.abc import Sequence

from .errors import FlagError

#: In the order of the model's labels.
COMMAND_WORDS = ("yes", "no", "up", "down", "left", "right", "on", "off", "stop", "go")

#: Words that contain, begin or end like a command word, or resemble one, and common words.
#: Homophones (know, write, rite) are left out: no model can tell them apart, so teaching one
#: to refuse "know" teaches it to refuse "no".
DISTRACTOR_WORDS = (
    # around "no", "go", "on", "off"
    *("note", "nose", "nobody", "notice", "snow", "now", "new", "not", "nor", "nothing"),
    *("going", "goat", "gold", "ghost", "ago", "got", "good", "gone", "goal", "cargo"),
    *("upon", "honest", "dawn", "wrong", "along", "one", "own", "john", "button", "none"),
    *("often", "offer", "office", "coffee", "cough", "of", "awful", "loft", "soft", "half"),
    # around "up", "down", "left", "right"
    *("upper", "supper", "cup", "puppy", "update", "setup", "but", "uncle", "under", "pup"),
    *("downtown", "town", "brown", "sound", "done", "dawdle", "around", "doubt", "noun", "dine"),
    *("lefty", "lift", "let", "letter", "lemon", "laughed", "less", "theft", "lead", "leap"),
    *("rightly", "bright", "ride", "rice", "light", "night", "rate", "ripe", "white", "rat"),
    # around "yes", "stop"
    *("yesterday", "yet", "yell", "guess", "chess", "this", "yellow", "years", "jazz", "us"),
    *("stopped", "step", "top", "shop", "start", "stock", "star", "stoop", "spot", "stuff"),
    # everyday words that resemble none
    *("hello", "computer", "please", "music", "window", "water", "morning", "people", "table"),
    *("seven", "three", "marvin", "house", "happy", "learn", "open", "close", "play", "thanks"),
    *("okay", "what", "where", "because", "little", "weather", "kitchen", "evening", "number"),
)


def keywords_from(text: str) -> tuple[str, ...]:
    """Return the words that `--keywords a,b,c` names, in that order.

    Raises:
        FlagError: One can't be spotted, or is there twice.
    """
    keywords = tuple(word.strip() for word in text.split(","))
    if problem := problem_with_keywords(keywords):
        raise FlagError(f"--keywords: {problem}")
    return keywords


def problem_with_keywords(keywords: Sequence[str]) -> str | None:
    """Return what is wrong with a choice of keywords and how to mend it; None if nothing is."""
    if len(set(keywords)) != len(keywords) or not keywords:
        return f"{list(keywords)}: name each word once, at least one"
    for word in keywords:
        if not word or word.startswith("_") or "/" in word:
            return (
                f"{word!r} can't be spotted; name the folder of a word's clips. "
                "Names that begin with _ have meanings of their own"
            )
    return None
