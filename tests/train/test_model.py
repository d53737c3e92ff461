"""The network: from scratch, and from a checkpoint."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from kws_train.chain import Chain
from kws_train.model import feature_extractor, frames_of, gabor_filters, pretrained_model
from kws_train.networks import check_networks, start_network
from kws_train.recipe import load_recipe, parse_recipe
from safetensors.torch import load_file, save_file
from transformers import Wav2Vec2ForPreTraining, Wav2Vec2ForSequenceClassification

from kws_live.errors import ConfigError, InputError

from .conftest import tiny_document

LABELS = ("low", "high", "_unknown_", "_silence_")
ADVICE = "Give another one"


def first_network(chain: Chain) -> Wav2Vec2ForSequenceClassification:
    """What the first stage of a chain starts with."""
    return start_network(chain, chain.stages[0], {}).model


def default_network() -> Wav2Vec2ForSequenceClassification:
    """The Wav2Vec2 of the default recipe before it has learned anything."""
    chain = load_recipe("default")
    first = next(stage for stage in chain.stages if stage.kind == "wav2vec2")
    return start_network(chain, first, {}).model


def test_the_default_network_is_the_designed_one() -> None:
    """3.5 M parameters, 17 frames of a window, twelve labels in the recipe's order."""
    recipe = load_recipe("default")
    model = default_network()
    assert sum(p.numel() for p in model.parameters()) == pytest.approx(3.5e6, rel=0.05)
    assert frames_of(model, 16_000) == 17
    assert [model.config.id2label[i] for i in range(12)] == list(recipe.labels)


def test_bf16_agrees_with_fp32() -> None:
    """Training in bf16 sees the same network: its grouped convolution is wrong when too narrow."""
    model = default_network().eval()
    x = 0.05 * torch.randn(4, 16_000, generator=torch.Generator().manual_seed(0))
    positional = model.wav2vec2.encoder.pos_conv_embed.conv
    h = torch.randn(4, 192, 17, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        expected = [positional(h), model(x).logits]
        with torch.autocast("cpu", torch.bfloat16):
            got = [positional(h).float(), model(x).logits.float()]
    for a, b in zip(expected, got, strict=True):
        assert float((a - b).norm() / a.norm()) < 0.03


def test_training_starts_the_same_for_the_same_seed(chain: Chain) -> None:
    """Weights follow from the recipe's seed, whatever was drawn before."""
    a = first_network(chain).state_dict()
    torch.randn(10)
    b = first_network(chain).state_dict()
    assert all(torch.equal(a[k], b[k]) for k in a)


def test_gabor_filters_are_four_phases_on_a_mel_scale() -> None:
    """Centre frequencies rise, the phases of one share it, and an offset is unheard."""
    filters = gabor_filters(256, 256).squeeze(1).numpy()
    spectrum = np.abs(np.fft.rfft(filters, 4096))
    peaks_hz = spectrum.argmax(axis=1) * 16_000 / 4096
    cosines, sines = peaks_hz[::4], peaks_hz[1::4]
    assert np.all(np.diff(cosines) > 0)
    assert np.allclose(cosines[8:], sines[8:], atol=40)
    assert np.array_equal(filters[0::4], -filters[2::4])
    assert np.array_equal(filters[1::4], -filters[3::4])
    assert 60 < peaks_hz[0] < 250
    assert 7000 < cosines[-1] < 8000
    assert np.abs(filters.sum(axis=1)).max() < 1e-3 * np.abs(filters).sum(axis=1).max()


def test_a_gabor_start_needs_whole_sets_of_phases() -> None:
    """Channels that no filter is left for are refused, not started at zero."""
    document = tiny_document()
    document["networks"]["tiny"] |= {"gabor_start": True}
    document["networks"]["tiny"]["conv_dim"][0] = 18
    with pytest.raises(ConfigError, match=r"conv_dim\[0\] = 18 must be a multiple of 4"):
        first_network(parse_recipe(document))


def test_given_masks_hide_frames() -> None:
    """The model hides the frames it is told to, and draws none of its own."""
    document = tiny_document()
    kinds = ("hidden", "attention", "activation", "feat_proj")
    document["networks"]["tiny"] |= {f"{kind}_dropout": 0.0 for kind in kinds}
    model = first_network(parse_recipe(document)).train()
    x = 0.1 * torch.randn(2, 16_000)
    n = frames_of(model, 16_000)
    none = torch.zeros(2, n, dtype=torch.bool)
    some = none.clone()
    some[:, 3:6] = True
    with torch.no_grad():
        assert torch.equal(
            model(x, mask_time_indices=none).logits, model(x, mask_time_indices=none).logits
        )
        assert not torch.equal(
            model(x, mask_time_indices=none).logits, model(x, mask_time_indices=some).logits
        )


def test_a_saved_network_is_plain_hugging_face(chain: Chain, tmp_path: Path) -> None:
    """Class and parameter names of the saved folder are those that transformers knows."""
    from transformers import AutoModelForAudioClassification

    model = first_network(chain).eval()
    model.save_pretrained(tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    assert config["architectures"] == ["Wav2Vec2ForSequenceClassification"]
    again = AutoModelForAudioClassification.from_pretrained(tmp_path).eval()
    x = 0.1 * torch.randn(1, 16_000)
    with torch.no_grad():
        assert torch.allclose(model(x).logits, again(x).logits, atol=1e-6)


def test_a_checkpoint_gives_its_weights_and_gets_our_labels(checkpoint: Path) -> None:
    """Fine-tuning starts from the checkpoint's encoder with a new head for the recipe's labels."""
    recipe = load_recipe("wav2vec2-base").starting_from(str(checkpoint))
    model = first_network(recipe)
    original = Wav2Vec2ForPreTraining.from_pretrained(checkpoint).wav2vec2.state_dict()
    loaded = model.wav2vec2.state_dict()
    assert all(torch.equal(loaded[k], v) for k, v in original.items())
    assert model.classifier.out_features == 12
    assert model.config.id2label[8] == "stop"


def test_a_head_for_other_words_is_made_anew(checkpoint: Path, tmp_path: Path) -> None:
    """With as many outputs too; a head of the very same labels is kept, and so is all below it."""
    mine, swapped = tmp_path / "mine", ("high", "low", *LABELS[2:])
    first = pretrained_model(str(checkpoint), LABELS, 0, ADVICE)
    first.classifier.bias.data.fill_(0.5)
    first.save_pretrained(mine)
    same = pretrained_model(str(mine), LABELS, 1, ADVICE).state_dict()
    others = pretrained_model(str(mine), swapped, 1, ADVICE).state_dict()
    before = first.state_dict()
    assert all(torch.equal(same[name], value) for name, value in before.items())
    changed = {name for name, value in before.items() if not torch.equal(others[name], value)}
    assert changed == {"classifier.weight", "classifier.bias"}
    again = pretrained_model(str(mine), swapped, 1, ADVICE).state_dict()
    assert torch.equal(others["classifier.weight"], again["classifier.weight"])


def test_a_checkpoint_in_half_precision_is_trained_in_full(checkpoint: Path) -> None:
    """Its weights are taken as they are, but computed with, and changed, in float32."""
    half = Wav2Vec2ForPreTraining.from_pretrained(checkpoint).to(torch.bfloat16)
    half.save_pretrained(checkpoint)
    model = pretrained_model(str(checkpoint), LABELS, 0, ADVICE)
    assert {p.dtype for p in model.parameters()} == {torch.float32}
    assert model(torch.zeros(1, 16_000)).logits.dtype == torch.float32


def test_a_checkpoint_keeps_its_normalisation(checkpoint: Path) -> None:
    """A pretrained model's preprocessor goes with it; from scratch, nothing is normalised."""
    assert feature_extractor(str(checkpoint)).do_normalize
    assert not feature_extractor(None).do_normalize


def test_a_folder_that_is_no_checkpoint_is_named(tmp_path: Path) -> None:
    """The message names the folder and the file that it lacks."""
    with pytest.raises(InputError, match=rf"{tmp_path}: no config\.json"):
        pretrained_model(str(tmp_path), LABELS, 0, ADVICE)


def test_a_checkpoint_that_lacks_weights_is_refused(checkpoint: Path) -> None:
    """A network with layers left at random would train, and be bad without a word of why."""
    file = checkpoint / "model.safetensors"
    weights = load_file(file)
    del weights["wav2vec2.encoder.layers.1.attention.v_proj.weight"]
    save_file(weights, file, metadata={"format": "pt"})
    with pytest.raises(InputError, match=r"no whole Wav2Vec2: 1 of .*layers\.1\.attention\.v_proj"):
        pretrained_model(str(checkpoint), LABELS, 0, ADVICE)


def test_a_checkpoint_of_another_shape_is_refused(checkpoint: Path) -> None:
    """A configuration that does not belong to the weights is noticed."""
    config = json.loads((checkpoint / "config.json").read_text())
    (checkpoint / "config.json").write_text(json.dumps(config | {"intermediate_size": 48}))
    with pytest.raises(InputError, match=r"of another shape, such as .*feed_forward"):
        pretrained_model(str(checkpoint), LABELS, 0, ADVICE)


def test_a_corrupt_checkpoint_is_named(checkpoint: Path) -> None:
    """Weights cut off half-way are refused with the folder's name and the caller's advice."""
    file = checkpoint / "model.safetensors"
    file.write_bytes(file.read_bytes()[:1000])
    with pytest.raises(
        InputError, match=r"the checkpoint .* cannot be loaded: .*\. Give another one"
    ):
        pretrained_model(str(checkpoint), LABELS, 0, ADVICE)


@pytest.mark.parametrize(
    ("network", "message"),
    [
        ({"conv_stride": [80]}, r"\[networks\.tiny\] "),
        ({"hiden_size": 32}, r"\[networks\.tiny\] hiden_size: unknown key. Did you mean 'hidden_"),
        ({"num_labels": 3}, r"\[networks\.tiny\] .*num_labels"),
        ({"conv_dim": 3}, r"\[networks\.tiny\] conv_dim = 3: must be a list of whole numbers"),
        ({"conv_stride": [80, 0]}, r"conv_stride = \[80, 0\]: must be numbers of 1 or more"),
        ({"conv_kernel": [256, 999]}, r"these leave no frame of a window of 16000 samples"),
        ({"gabor_start": "no"}, r"gabor_start = 'no': must be true or false"),
    ],
)
def test_an_impossible_network_is_a_recipe_error(network: dict, message: str) -> None:
    """Wav2Vec2Config's own complaint is passed on, as the recipe's fault; so is a misspelt key."""
    document = tiny_document()
    document["networks"]["tiny"] |= network
    with pytest.raises(ConfigError, match=message):
        check_networks(parse_recipe(document))
