"""Searches as plain values, and back."""

import dataclasses
import warnings

import keras

from keras_seq2seq.search.beam import BeamSearch
from keras_seq2seq.search.greedy import GreedySearch
from keras_seq2seq.search.sampling import SamplingSearch

KINDS = {
    kind.__name__: kind for kind in (GreedySearch, BeamSearch, SamplingSearch)
}


def to_config(search):
    """What JSON can hold of a search.

    Returns:
        dict, or None with a warning for a search of the user's own.
    """
    name = type(search).__name__
    if KINDS.get(name) is not type(search):
        warnings.warn(
            f"A model can't store your own search {name}: give it to "
            "`generate` of the loaded model, which is greedy without.",
            stacklevel=3,
        )
        return None
    options = {
        field.name: keras.saving.serialize_keras_object(
            getattr(search, field.name)
        )
        for field in dataclasses.fields(search)
    }
    return {"class_name": name, "config": options}


def from_config(config):
    """The search of what `to_config` gave; None for None."""
    if config is None:
        return None
    options = {
        name: keras.saving.deserialize_keras_object(value)
        for name, value in config["config"].items()
    }
    return KINDS[config["class_name"]](**options)
