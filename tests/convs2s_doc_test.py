"""The page about ConvS2S says what the code has."""

import re
from pathlib import Path

import yaml

from keras_seq2seq.config.conv_architectures import ARCHITECTURES
from keras_seq2seq.config.files import load

PAGE = (Path(__file__).parents[1] / "docs" / "convs2s.md").read_text("utf-8")


def layers(text):
    """`2 × (512, 3), (2048, 1)` as pairs."""
    found = re.findall(r"(?:(\d+) × )?\((\d+), (\d+)\)", text)
    return tuple(
        (int(units), int(kernel))
        for count, units, kernel in found
        for _ in range(int(count or 1))
    )


def test_the_page_has_the_sizes_of_all_architectures():
    rows = re.findall(
        r"^\| `(\w+)`.*? \| (.*) \| (.*) \| (\d+) \| (\d+) \|$",
        PAGE,
        re.MULTILINE,
    )
    told = {}
    for name, encoder, decoder, width, out in rows:
        encoder = layers(encoder)
        decoder = encoder if decoder == "the same" else layers(decoder)
        told[name] = (encoder, decoder, int(width), int(out))
    assert told == {name: tuple(each) for name, each in ARCHITECTURES.items()}


def test_the_configurations_of_the_page_load():
    texts = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
    first, paper = (
        load("", {"model": "ConvS2S", **flags}, complete=False).model_params
        for flags in map(_flags, texts)
    )
    assert first.architecture == "iwslt_de_en"
    assert len(first.decoder_params.layers) == 3
    assert first.decoder_params.dropout_keep_prob == 0.8
    assert paper.optimizer_params.nesterov
    assert paper.optimizer_params.momentum == 0.99
    assert paper.optimizer_clip_gradients == 0.1


def _flags(text):
    return {"model_params": yaml.safe_load(text)["model_params"]}
