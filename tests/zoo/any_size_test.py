"""One graph of each function serves batches of all sizes."""

import numpy as np
import pytest

from keras_seq2seq.inference import score_pairs
from keras_seq2seq.search import BeamSearch, GreedySearch, SamplingSearch
from tests.run_directories import words
from tests.zoo.image2seq_test import SIDE, image_model
from tests.zoo.tiny_models import attention_model

TOKENIZERS = (words("a b c d e f g"), words("q r s t u v w x y"))


def traces_of(model):
    """Called later: how often each graph made meanwhile was traced."""
    made, as_graph = [], model.as_graph

    def kept(function):
        made.append(as_graph(function))
        return made[-1]

    model.as_graph = kept
    return lambda: [each.experimental_get_tracing_count() for each in made]


@pytest.mark.parametrize(
    ("search", "functions"),
    [(GreedySearch(), 5), (BeamSearch(2), 5), (SamplingSearch(seed=1), 2)],
)
def test_decoding_is_traced_once(search, functions):
    model = attention_model(tokenizers=TOKENIZERS, max_target_length=4)
    traces = traces_of(model)
    for texts in (["a b"], ["c d e"], ["a b c d"] * 3):
        model.generate(texts, search)
    assert traces() == [1] * functions


def test_scoring_is_traced_once():
    model = attention_model(tokenizers=TOKENIZERS)
    traces = traces_of(model)
    score_pairs(model, ["a", "b c", "d e f"], ["q", "r s t", "u"], batch_size=1)
    assert traces() == [1]


def test_features_of_pictures_are_traced_once():
    model = image_model()
    traces = traces_of(model)
    for count in (1, 2, 3):
        pictures = np.zeros((count, SIDE, SIDE, 3), "uint8")
        model.generator.extract(pictures)
    assert traces() == [1]
