"""Run directories that nobody trained, made in a moment."""

import json

from keras_seq2seq import recipe
from keras_seq2seq.checkpoint import write_checkpoint
from keras_seq2seq.checkpoint.model_state import write_model
from keras_seq2seq.config.files import load
from keras_seq2seq.data.delimiter_tokenizer import DelimiterTokenizer
from keras_seq2seq.data.vocabulary import Vocabulary
from keras_seq2seq.run_files import write_run
from tests.commands.small_run import MODEL_PARAMS, pipeline, workplace
from tests.contracts import randomise


def words(text):
    """A tokenizer that knows the words of a text."""
    return DelimiterTokenizer(Vocabulary(text.split()))


def configuration(**model_params):
    """The tiny configuration of other tests, BasicSeq2Seq."""
    params = {
        key: value
        for key, value in MODEL_PARAMS.items()
        if not key.startswith("attention")
    }
    return load(
        "",
        {
            "model": "BasicSeq2Seq",
            "model_params": json.dumps({**params, **model_params}),
            "input_pipeline_train": pipeline("train"),
            "input_pipeline_dev": pipeline("dev"),
            "data_dir": str(workplace()),
        },
    )


def untrained_run(directory, tokenizers, **model_params):
    """Writes a run with one checkpoint of random weights; returns its model."""
    return _written(directory, configuration(**model_params), tokenizers)


def _written(directory, config, tokenizers):
    model = randomise(recipe.model(config, tokenizers))
    write_run(directory, config, tokenizers)
    write_checkpoint(directory, 1, lambda path: write_model(model, path))
    return model


def untrained_attention_run(directory, tokenizers, **model_params):
    """`untrained_run` of an AttentionSeq2Seq."""
    config = load(
        "",
        {
            "model": "AttentionSeq2Seq",
            "model_params": json.dumps({**MODEL_PARAMS, **model_params}),
            "input_pipeline_train": pipeline("train"),
            "input_pipeline_dev": pipeline("dev"),
            "data_dir": str(workplace()),
        },
    )
    return _written(directory, config, tokenizers)


def new_model(tokenizers, **model_params):
    """A model that begins as initialised."""
    return recipe.model(configuration(**model_params), tokenizers)
