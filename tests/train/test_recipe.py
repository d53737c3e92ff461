"""Recipes and their mistakes."""

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from kws_train.chain_rules import check_chain
from kws_train.cli import main
from kws_train.recipe import load_recipe, parse_recipe
from kws_train.run_folder import write_recipe

from kws_live.errors import ConfigError

from .conftest import tiny_document


@pytest.mark.parametrize("name", ["default", "wav2vec2-base"])
def test_built_in_recipes_name_twelve_labels_in_order(name: str) -> None:
    """All recipes have the ten command words, then unknown, then silence."""
    assert load_recipe(name).labels == (
        *("yes", "no", "up", "down", "left", "right", "on", "off", "stop", "go"),
        *("_unknown_", "_silence_"),
    )


@pytest.mark.parametrize(
    ("section", "key", "value", "message"),
    [
        ("training", "epoch", 3, r"\[training\] epoch: unknown key. Did you mean 'epochs'"),
        ("training", "epochs", 0, r"\[training\] epochs = 0: must be 1 or more"),
        ("training", "learning_rate", -1.0, r"learning_rate = -1.0: must be above 0"),
        ("mix", "unknown", 1.5, r"\[mix\] unknown = 1.5: a share lies between 0 and 1"),
        ("mix", "speech_crops", 0.9, r"speech_crops \+ fragments = 1.12"),
        ("augment", "snr_db_range", [9, 1], r"the lower value comes first"),
        (None, "keywords", ["a", "a"], r"name each word once"),
        (None, "keywords", "yes", r"keywords = 'yes': must be a list of texts"),
        (None, "keywords", ["_silence_"], r"keywords: '_silence_' can't be spotted"),
        (None, "networks", 3, r"networks = 3: must be a table"),
        (None, "training", 3, r"training = 3: must be a table"),
        ("training", "epochs", "3", r"\[training\] epochs = '3': must be a whole number"),
        ("training", "epochs", True, r"\[training\] epochs = True: must be a whole number"),
        ("training", "bf16", 1, r"\[training\] bf16 = 1: must be true or false"),
        ("training", "learning_rate", float("nan"), r"learning_rate = nan: must be a number"),
        ("training", "examples_per_epoch", 15, r"examples_per_epoch = 15: must be batch_size = 16"),
        ("augment", "speed_range", [0, 1], r"speed_range = \[0.0, 1.0\]: speeds lie above 0"),
        ("augment", "speed_range", [1], r"speed_range = \[1\]: must be a list of two numbers"),
        (None, "seed", -1, r"seed = -1: must be 0 or more"),
        (None, "schema", 2, r"schema = 2, but this version reads schema = 1"),
        ("training", "gradient_accumulation_steps", 3, r"must divide batch_size = 16"),
        ("training", "ema_decay", 1.0, r"ema_decay = 1.0: must be 0 or more and below 1"),
        ("training", "feature_encoder_frozen_epochs", -2, r"0 or more, or -1 for always"),
        ("validation", "unknown_words_share", 2.0, r"\[validation\] unknown_words_share = 2.0"),
        (None, "stages", [], r"one or more tables \[\[stages\]\]"),
        (None, "sed", 1, r"sed: unknown key. Did you mean 'seed'"),
    ],
)
def test_a_wrong_value_is_named(section: str | None, key: str, value: Any, message: str) -> None:
    """The message names the place, the value and what is expected."""
    document = tiny_document()
    (document if section is None else document.setdefault(section, {}))[key] = value
    with pytest.raises(ConfigError, match=message):
        parse_recipe(document)


def test_a_missing_value_is_named() -> None:
    """A recipe without epochs says so."""
    document = tiny_document()
    del document["training"]["epochs"]
    with pytest.raises(ConfigError, match=r"\[training\] epochs is missing"):
        parse_recipe(document)


def test_whole_numbers_may_stand_for_any(tmp_path: Path) -> None:
    """`learning_rate = 1` is a number like 1.0, and means the same recipe."""
    document = tiny_document()
    document["training"]["learning_rate"] = 1
    rate = parse_recipe(document).last.training.learning_rate
    assert rate == 1.0
    assert isinstance(rate, float)


def fit_with(recipe: str) -> Any:
    """`kws-train fit` with a recipe and a folder that is never reached."""
    return CliRunner().invoke(main, ["fit", "--recipe", recipe, "--data", "x", "--out", "y"])


def test_an_unknown_recipe_lists_the_known_ones() -> None:
    """A wrong name ends as a wrong configuration and tells the right ones."""
    result = fit_with("defautl")
    assert result.exit_code == 78
    assert "Built in are default, wav2vec2-base" in result.output


def test_a_recipe_file_that_is_no_toml_is_named(tmp_path: Path) -> None:
    """The parser's complaint comes with the file's name."""
    path = tmp_path / "mine.toml"
    path.write_text("schema = = 1")
    result = fit_with(str(path))
    assert result.exit_code == 78
    assert "mine.toml" in result.output


def test_a_missing_recipe_file_is_missing_input(tmp_path: Path) -> None:
    """A path that does not exist ends as missing input."""
    result = fit_with(str(tmp_path / "none.toml"))
    assert result.exit_code == 66
    assert "no such file" in result.output


def two_stages() -> dict:
    """A log-mel teacher and a student, as a TOML document."""
    document = tiny_document()
    document["networks"]["teacher"] = {"kind": "log_mel", "widths": [8, 12]}
    document["stages"] = [
        {"name": "teach", "network": "teacher"},
        {"name": "learn", "network": "tiny", "taught_by": ["teach"]},
    ]
    return document


def test_a_stage_overrides_what_holds_for_all() -> None:
    """Tables at the top are the stages' defaults; each stage draws examples of its own."""
    document = two_stages()
    document["augment"] = {"noise_share": 0.5, "mask_share": 0.25}
    document["stages"][1] |= {"augment": {"noise_share": 0.1}, "training": {"epochs": 7}}
    teach, learn = parse_recipe(document).stages
    assert (teach.augment.noise_share, learn.augment.noise_share) == (0.5, 0.1)
    assert (teach.augment.mask_share, learn.augment.mask_share) == (0.25, 0.25)
    assert (teach.training.epochs, learn.training.epochs) == (2, 7)
    assert (teach.kind, learn.kind) == ("log_mel", "wav2vec2")
    assert teach.seed == document["seed"]
    assert teach.seed != learn.seed


@pytest.mark.parametrize(
    ("stage", "changes", "message"),
    [
        (0, {"name": "../teach"}, r"name = '../teach': name each stage with letters"),
        (0, {"name": "learn"}, r"name = 'learn': two stages have this name"),
        (0, {"network": "teachr"}, r"no table \[networks\.teachr\]\. Did you mean 'teacher'"),
        (0, {"network": None}, r"stage 'teach': give one of network, .* it has none"),
        (0, {"pretrained": "x"}, r"it has network and pretrained"),
        (0, {"taught_by": ["learn"]}, r"'teach' taught_by: 'learn' comes later"),
        (0, {"network": None, "starts_from": "learn"}, r"starts_from: 'learn' comes later"),
        (0, {"training": {"head_only_epochs": 1}}, r"only networks of kind wav2vec2"),
        (1, {"taught_by": ["learn"]}, r"'learn' is the stage itself"),
        (1, {"taught_by": ["teech"]}, r"'teech' is no stage\. Did you mean 'teach'"),
        (1, {"taught_by": ["teach", "teach"]}, r"name each teacher once"),
        (1, {"taught_by": []}, r"stage 'teach' would be trained for nothing"),
        (1, {"taught_by": "teach"}, r"taught_by = 'teach': must be a list of texts"),
        (1, {"taught_by": [], "distillation": {}}, r"\[distillation\]: name its teachers"),
        (1, {"distillation": {"weight": 2.0}}, r"\[distillation\] weight = 2.0: a share"),
        (1, {"distillation": {"temperature": 0}}, r"temperature = 0.0: must be above 0"),
        (0, {"learns": "mel"}, r"'teach' learns = 'mel': must be one of words, log_mel"),
        (0, {"learns": "log_mel"}, r"only a network of kind wav2vec2 has to; this one is log_mel"),
        (1, {"learns": "log_mel"}, r"learns = 'log_mel': no teacher knows that; leave taught_by"),
        (1, {"network": "teacher"}, r"'learn' is the last one.*must be of kind wav2vec2"),
        (1, {"augment": {"nois_share": 0.1}}, r"stage 'learn' \[augment\] nois_share: unknown"),
        (1, {"taughtby": []}, r"stage 'learn' taughtby: unknown key\. Did you mean"),
    ],
)
def test_stages_that_do_not_fit_together_are_named(
    stage: int, changes: dict[str, Any], message: str
) -> None:
    """The message names the stage, and what to change."""
    document = two_stages()
    document["stages"][stage] |= changes
    document["stages"] = [
        {k: v for k, v in table.items() if v is not None} for table in document["stages"]
    ]
    if changes.get("network") == "teacher":
        del document["networks"]["tiny"]
    with pytest.raises(ConfigError, match=message):
        parse_recipe(document)


def test_a_network_that_no_stage_uses_is_named() -> None:
    """It would be a misspelt one's remains."""
    document = tiny_document()
    document["networks"]["spare"] = {}
    with pytest.raises(ConfigError, match=r"\[networks\.spare\]: no stage has network = 'spare'"):
        parse_recipe(document)


def test_an_unknown_kind_of_network_lists_the_known_ones() -> None:
    """A network's kind is wav2vec2 or log_mel."""
    document = two_stages()
    document["networks"]["teacher"]["kind"] = "mel"
    with pytest.raises(ConfigError, match=r"kind = 'mel': must be one of wav2vec2, log_mel"):
        parse_recipe(document)


def test_another_start_takes_the_place_of_the_first_wav2vec2s() -> None:
    """`--init` changes where the student starts, not its teacher; the unused network goes."""
    chain = parse_recipe(two_stages()).starting_from("models/default")
    teach, learn = chain.stages
    assert (learn.network, learn.pretrained) == (None, "models/default")
    assert teach.network == "teacher"
    assert set(chain.networks) == {"teacher"}


def test_a_checkpoint_that_hears_need_not_learn_it() -> None:
    """With `--init` the stage that teaches the convolutions to hear goes, seeds as if never there."""
    document = two_stages()
    hearing = {"name": "hear", "network": "tiny", "learns": "log_mel"}
    learn = {"name": "learn", "starts_from": "hear", "taught_by": ["teach"]}
    document["stages"][1:] = [hearing, learn]
    chain = parse_recipe(document).starting_from("models/default")
    assert chain == parse_recipe(two_stages()).starting_from("models/default")


def test_a_checkpoint_takes_the_place_of_hearing_for_all_who_start_from_it() -> None:
    """Two students of one hearing stage both start with what `--init` names."""
    document = two_stages()
    hearing = {"name": "hear", "network": "tiny", "learns": "log_mel"}
    first = {"name": "first", "starts_from": "hear"}
    second = {"name": "second", "starts_from": "hear", "taught_by": ["teach", "first"]}
    document["stages"][1:] = [hearing, first, second]
    chain = parse_recipe(document).starting_from("models/default")
    check_chain(chain)
    assert [(s.name, s.starts_from, s.pretrained) for s in chain.stages] == [
        ("teach", None, None),
        ("first", None, "models/default"),
        ("second", None, "models/default"),
    ]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"starts_from": "hear", "taught_by": ["hear"]}, r"'hear' learns log_mel and knows no"),
        (
            {"starts_from": "hear", "learns": "log_mel"},
            r"'learn' is the last one.*must learn words",
        ),
    ],
)
def test_what_only_hears_knows_no_words(changes: dict[str, Any], message: str) -> None:
    """It can neither teach nor be the run's model."""
    document = tiny_document()
    hearing = {"name": "hear", "network": "tiny", "learns": "log_mel"}
    document["stages"] = [hearing, {"name": "learn"} | changes]
    with pytest.raises(ConfigError, match=message):
        parse_recipe(document)


def test_nothing_but_convolutions_learns_to_hear() -> None:
    """Holding them back would leave nothing to be trained."""
    document = tiny_document()
    training = {"feature_encoder_frozen_epochs": 1}
    hearing = {"name": "hear", "network": "tiny", "learns": "log_mel", "training": training}
    document["stages"] = [hearing, {"name": "learn", "starts_from": "hear"}]
    with pytest.raises(ConfigError, match="nothing but the convolutions learns log_mel"):
        parse_recipe(document)


def test_other_keywords_hold_for_every_stage() -> None:
    """What a chain is asked to spot, each of its stages spots."""
    chain = parse_recipe(two_stages()).with_keywords(("other",))
    assert {stage.labels for stage in chain.stages} == {("other", "_unknown_", "_silence_")}
    assert chain.labels == ("other", "_unknown_", "_silence_")


@pytest.mark.parametrize("name", ["default", "wav2vec2-base"])
def test_the_written_recipe_is_the_recipe(name: str, tmp_path: Path) -> None:
    """What a run folder says of its recipe makes the same one again."""
    for chain in (load_recipe(name), parse_recipe(two_stages())):
        write_recipe(tmp_path, chain)
        assert load_recipe(str(tmp_path / "recipe.toml")) == chain
