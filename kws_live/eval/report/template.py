"""Filling in the pages: templates of any package, in the frame that all reports share."""

from collections.abc import Mapping
from importlib import resources
from typing import Any

from kws_live.eval.report.figures import clock, hours, percent, rate


def render(package: str, template: str, content: Mapping[str, Any]) -> str:
    """Return a page that needs no other file, fetches nothing and runs no script.

    Everything in `content` is escaped, except what is `markupsafe.Markup`.

    Args:
        package: where the template lies.
        template: its file's name; it extends `page.html.j2` and fills its blocks `title` and `body`.
        content: its variables; one that is missing is an error.
    """
    import jinja2  # noqa: PLC0415

    def read(name: str) -> str | None:
        for place in (package, __package__):
            file = resources.files(place) / name
            if file.is_file():
                return file.read_text(encoding="utf-8")
        return None

    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(read),
        # Names of files and labels come from anywhere: everything is escaped, whatever the file.
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"clock": clock, "hours": hours, "percent": percent, "rate": rate}
    return environment.get_template(template).render(**content)
