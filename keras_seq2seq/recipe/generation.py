"""Searches and tasks of a configuration."""

import dataclasses
import inspect

from keras_seq2seq import tasks
from keras_seq2seq.errors import UserError
from keras_seq2seq.recipe.classes import arguments_of, find_class
from keras_seq2seq.search import BeamSearch, GreedySearch, SamplingSearch
from keras_seq2seq.tasks.postprocessing import FUNCTIONS


def search(params, **options):
    """The search that `inference.*` describes.

    Args:
        params: `model_params`.
        **options: of the search, such as `n_best` and `with_attention`.
    """
    width = max(params.inference_beam_width, options.get("n_best", 1), 1)
    penalties = {
        "length_penalty": params.inference_length_penalty_weight,
        "penalty_offset": params.inference_length_penalty_offset,
        "count_end": params.inference_length_penalty_counts_end,
        "coverage_penalty": params.inference_coverage_penalty_weight,
    }
    ranks = (penalties["length_penalty"], penalties["coverage_penalty"])
    if width == 1 and not any(ranks):
        options.pop("n_best", None)
        return GreedySearch(**options)
    # A beam of one with penalties is greedy, too, until more are wanted.
    return BeamSearch(width=width, **penalties, **options)


def with_options(
    found,
    n_best=1,
    with_attention=False,
    with_history=False,
    with_log_probs=True,
):
    """A search like `found` that returns what is wanted.

    Greedy search has one hypothesis; for several it becomes a beam. Only a
    beam has a history, and only greedy search can leave log-probabilities out.
    """
    if isinstance(found, SamplingSearch):
        return dataclasses.replace(
            found,
            n_best=max(found.n_best, n_best),
            with_attention=with_attention,
        )
    if n_best > 1 and isinstance(found, GreedySearch):
        return BeamSearch(
            width=n_best,
            n_best=n_best,
            ban_unknown=found.ban_unknown,
            temperature=found.temperature,
            with_attention=with_attention,
            with_history=with_history,
        )
    if isinstance(found, GreedySearch):
        return dataclasses.replace(
            found,
            with_attention=with_attention,
            with_log_probs=with_log_probs,
        )
    return dataclasses.replace(
        found,
        width=max(found.width, n_best),
        n_best=n_best,
        with_attention=with_attention,
        with_history=with_history,
    )


def task(described, allowed=()):
    """The task that a section `{class, params}` describes.

    Raises:
        UserError: a class that may not be imported or is no `Task`, or
            arguments that it does not take.
    """
    kind = find_class(described.class_name, tasks, allowed)
    params = arguments_of(described.params)
    if kind is tasks.DecodeText:
        name = params.pop("postproc_fn")
        params["postproc_fn"] = (
            find_class(name, FUNCTIONS, allowed) if name else None
        )
    if not (isinstance(kind, type) and issubclass(kind, tasks.Task)):
        raise UserError(
            f"tasks: {described.class_name} must be a class that inherits "
            "from keras_seq2seq.tasks.Task."
        )
    try:
        inspect.signature(kind).bind(**params)
    except TypeError as error:
        raise UserError(
            f"tasks: {described.class_name} does not take these params: "
            f"{error}. Received: {', '.join(params) or 'none'}"
        ) from None
    return kind(**params)
