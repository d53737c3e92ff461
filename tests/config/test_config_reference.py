"""docs/configuration.md tells the truth."""

import re
import tomllib
from pathlib import Path

import pytest

from kws_live.config import Config, load
from kws_live.config.reference import update
from kws_live.config.schema import HOOK, KEYWORDS, env_name, scalar_settings, settings_of
from kws_live.config.settings import HookSpec, KeywordConfig

PAGE = Path(__file__).parents[2] / "docs" / "configuration.md"


@pytest.fixture(scope="module")
def page() -> str:
    return PAGE.read_text(encoding="utf-8")


@pytest.fixture
def example(page: str) -> str:
    """The complete example file of the page."""
    found = re.search(r"<!-- example: .*?```toml\n(.*?)```", page, flags=re.DOTALL)
    assert found
    return found[1]


def test_the_page_is_up_to_date(page: str) -> None:
    """Else run: python -m kws_live.config.reference docs/configuration.md."""
    assert update(page) == page


def test_a_page_without_the_parts_is_refused() -> None:
    """Updating a page that lost its markers is an error, not a page unchanged."""
    with pytest.raises(ValueError, match="has no part 'example'"):
        update("# Configuration\n")


def test_the_example_as_it_stands_is_the_defaults(example: str, tmp_path: Path) -> None:
    """Saving the example as one's file changes nothing."""
    path = tmp_path / "config.toml"
    path.write_text(example, encoding="utf-8")

    assert load(path, {}, {}).config == Config()


def test_the_example_without_its_comment_signs_sets_everything(
    example: str, tmp_path: Path
) -> None:
    """With the `#` of settings removed, the example loads and names every key there is."""
    text = re.sub(r"^#(?=\S)", "", example, flags=re.MULTILINE)
    path = tmp_path / "config.toml"
    path.write_text(text, encoding="utf-8")

    load(path, {}, {})
    document = tomllib.loads(text)
    given = {name for name, value in document.items() if not isinstance(value, dict | list)}
    for section, table in document.items():
        if isinstance(table, dict) and section != KEYWORDS:
            given |= {f"{section}.{name}" for name in table}
    assert given == {"schema", *scalar_settings()}
    assert document[KEYWORDS]["stop"].keys() == settings_of(KeywordConfig).keys()
    assert document[HOOK][0].keys() == settings_of(HookSpec).keys()


def test_every_variable_has_a_name_of_its_own() -> None:
    """No two settings share an environment variable."""
    names = [env_name(key) for key in scalar_settings()]

    assert len(set(names)) == len(names)


def test_the_snippets_of_the_page_are_valid(page: str, tmp_path: Path) -> None:
    """Each TOML snippet on the page loads."""
    snippets = re.findall(r"```toml\n(.*?)```", page, flags=re.DOTALL)
    assert len(snippets) >= 4
    for number, snippet in enumerate(snippets):
        path = tmp_path / f"{number}.toml"
        has_schema = "schema = 1" in snippet
        path.write_text(snippet if has_schema else f"schema = 1\n{snippet}", encoding="utf-8")
        load(path, {}, {})
