"""The search that flags of `infer` describe."""

import dataclasses

import keras

from keras_seq2seq.errors import UserError
from keras_seq2seq.search import BeamSearch, GreedySearch, SamplingSearch

BEAM = (
    "beam_size",
    "beam_prune",
    "beam_search_stop",
    "length_penalty_alpha",
    "length_penalty_beta",
)
SAMPLING = ("top_p", "seed")


def asked_search(own, flags):
    """A model's own search, changed as flags say.

    `length_penalty_alpha` and `length_penalty_beta` give Sockeye's penalty,
    `((beta + n) / (beta + 1)) ** alpha` with END counted, 1 and 0 where only
    the other one is given.

    Args:
        own: search of `keras_seq2seq.search` that the model has.
        flags: `InferenceFlags`.

    Returns:
        search.

    Raises:
        UserError: flags that exclude each other.
    """
    temperature = flags.softmax_temperature
    if flags.sample is not None:
        _refuse(flags, BEAM, "--sample draws, and no beam is kept")
        return SamplingSearch(
            1.0 if temperature is None else temperature,
            top_k=flags.sample or None,
            top_p=flags.top_p or 1.0,
            seed=keras.random.SeedGenerator(flags.seed or 0),
            ban_unknown=own.ban_unknown,
        )
    _refuse(flags, SAMPLING, "they are options of --sample")
    changes = {} if temperature is None else {"temperature": temperature}
    beam = _beam_options(flags)
    if beam and isinstance(own, GreedySearch):
        own = BeamSearch(width=1, ban_unknown=own.ban_unknown)
    return dataclasses.replace(own, **beam, **changes)


def _beam_options(flags):
    changes = {
        "width": flags.beam_size,
        "prune": flags.beam_prune,
        "stop_at_first": flags.beam_search_stop
        and flags.beam_search_stop == "first",
    }
    alpha, beta = flags.length_penalty_alpha, flags.length_penalty_beta
    if (alpha, beta) != (None, None):
        changes |= {
            "length_penalty": 1.0 if alpha is None else alpha,
            "penalty_offset": beta or 0.0,
            "count_end": True,
        }
    return {name: v for name, v in changes.items() if v is not None}


def _refuse(flags, names, why):
    given = [name for name in names if getattr(flags, name) is not None]
    if given:
        shown = ", ".join(f"--{name}" for name in given)
        raise UserError(f"{shown}: {why}. Leave out one or the other.")
