"""Where models are found by name."""

import importlib
import os
from collections.abc import Mapping
from pathlib import Path

from kws_live.errors import ModelError, did_you_mean
from kws_live.model.folder import MANIFEST_NAME


def find_model(model: str, env: Mapping[str, str] = os.environ) -> Path:
    """Return the folder of a model given by name or by path.

    A value with a path separator, or that begins with "." or "~", is a path. Anything else is a
    name, looked for among the models of the user ($XDG_DATA_HOME/kws-live/models) and then among
    those installed with the program; never in the current folder, which may be anybody's.

    Raises:
        ModelError: there is none; the message lists those that there are.
    """
    if os.sep in model or model.startswith((".", "~")):
        path = Path(os.path.expanduser(model))
        if not path.is_dir():
            raise ModelError(
                f"model folder {model!r} does not exist. Give a folder with a {MANIFEST_NAME}."
            )
        return path
    data_home = Path(env.get("XDG_DATA_HOME", ""))
    if not data_home.is_absolute():
        data_home = Path(os.path.expanduser("~/.local/share"))
    installed = Path(importlib.import_module("kws_models").__path__[0])
    homes = (data_home / "kws-live/models", installed)
    for home in homes:
        if os.path.isfile(home / model / MANIFEST_NAME):
            return home / model
    names = sorted(
        {found.parent.name for home in homes for found in home.glob(f"*/{MANIFEST_NAME}")}
    )
    raise ModelError(
        f"there is no model named {model!r}.{did_you_mean(model, names)} "
        f"Installed: {', '.join(names) or 'none'}. Give one of these, or the path of a folder "
        f"(./{model}), with --model."
    )
