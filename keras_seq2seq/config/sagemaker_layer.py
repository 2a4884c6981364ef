"""Hyperparameters of SageMaker among files and flags."""

import os
from collections.abc import Mapping
from typing import NamedTuple

from keras_seq2seq.config import yaml_reader
from keras_seq2seq.config.sagemaker import (
    DIALECT,
    NAME,
    parse,
    remarks,
    settings,
)
from keras_seq2seq.config.upgrade import Layer
from keras_seq2seq.config.values import received
from keras_seq2seq.errors import UserError


class Translated(NamedTuple):
    """Layers in which nothing of SageMaker's dialect is left.

    Attributes:
        layers: list of Layer. The hyperparameters are the lowest of them.
        told: list of str. Warnings.
        found: bool. Whether there were any.
    """

    layers: list
    told: list
    found: bool


def translate(layers):
    """Puts what hyperparameters mean below all other settings.

    A layer holds them below `hyperparameters`, as a mapping or the path of a
    file. Those of several layers are one mapping, in which later ones win.

    Args:
        layers: list of Layer.

    Returns:
        Translated.

    Raises:
        UserError: with all errors of the hyperparameters at once, or if there
            are settings in a dialect of google/seq2seq, too.
    """
    given = [_read(layer) for layer in layers if NAME in layer.values]
    if not given:
        return Translated(layers, [], False)
    hyperparameters, sources = {}, {}
    for values, place in given:
        hyperparameters.update(values)
        sources.update(dict.fromkeys(values, place))
    rest = [_without(layer) for layer in layers]
    _refuse_hparams(rest)
    where = ", ".join(dict.fromkeys(place for _, place in given))
    parsed = parse(hyperparameters, where=where, sources=sources)
    values, lines = settings(parsed, sources)
    told = [f"{where}: {remark}" for remark in remarks(parsed)]
    return Translated([Layer(values, DIALECT, lines), *rest], told, True)


def _read(layer):
    """Hyperparameters of a layer, and where they stand."""
    given = layer.values[NAME]
    alone = set(layer.values) == {NAME} and layer.where
    place = layer.where if alone else layer.spot(NAME)
    if isinstance(given, str) and given.strip().startswith("{"):
        given = yaml_reader.parse(given, place)[0]
    elif isinstance(given, str):
        folder = os.path.dirname(layer.where or "")
        place = os.path.join(folder, given)
        given = yaml_reader.read(place)[0]
    if not isinstance(given, Mapping):
        raise UserError(
            f"{place}: must be a mapping of hyperparameters, such as "
            f'{{"batch_size": "64"}}, or the path of one. Received: '
            f"{received(given)}"
        )
    return given, place


def _without(layer):
    values = {key: one for key, one in layer.values.items() if key != NAME}
    return layer._replace(values=values)


def _refuse_hparams(layers):
    for layer in layers:
        if layer.values.get("hparams") is not None:
            raise UserError(
                f"{layer.spot('hparams')}: is of google/seq2seq, {NAME} of "
                "SageMaker. Keep one of the two"
            )
