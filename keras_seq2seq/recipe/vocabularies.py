"""Vocabularies and subword models of a configuration."""

import contextlib
import tempfile
from pathlib import Path

from keras_seq2seq.data.delimiter_tokenizer import DelimiterTokenizer
from keras_seq2seq.data.tokenizer import load_tokenizer
from keras_seq2seq.data.tokenizer_training import (
    output_path,
    train_tokenizer,
)
from keras_seq2seq.errors import UserError
from keras_seq2seq.recipe.pictures import captions, reads_pictures
from keras_seq2seq.recipe.raw_pairs import pairs_of
from keras_seq2seq.tokens import FIRST_WORD

SIDES = ("source", "target")


def prepare(config, directory, allowed=()):
    """Makes the vocabularies and subword models that are missing.

    Args:
        config: Config.
        directory: path. Outputs with relative names are written here.
        allowed: modules of the user's own that may be imported.

    Returns:
        dict from an output's name in the configuration to its path.
    """
    made = {}
    for one in config.prepare:
        path = output_path(Path(directory) / one.output, one.kind)
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            with _learnt_from(config, one, allowed) as files:
                path = train_tokenizer(
                    files,
                    one.kind,
                    path,
                    size=one.size,
                    min_frequency=one.min_frequency,
                    lowercase=one.lowercase,
                    delimiter=one.delimiter,
                    columns=one.columns if one.files else None,
                )
        made[one.output] = path
    return made


@contextlib.contextmanager
def _learnt_from(config, one, allowed):
    """Files with the text that a vocabulary is made of."""
    if one.files:
        yield list(one.files)
        return
    if config.input_pipeline_train is None:
        raise UserError(
            f"prepare: {one.output} needs files, or input_pipeline_train."
        )
    targets = _target_texts(config.input_pipeline_train, allowed)
    with tempfile.TemporaryDirectory(prefix="keras_seq2seq-") as directory:
        path = Path(directory) / "targets.txt"
        with path.open("w", encoding="utf-8", newline="\n") as file:
            # A line end inside of a record's text would be one more line.
            file.writelines(" ".join(x.split("\n")) + "\n" for x in targets)
        yield [path]


def _target_texts(pipeline, allowed):
    """Targets of a pipeline, one by one."""
    if reads_pictures(pipeline):
        texts = captions(pipeline, allowed=allowed).texts
        return (text for text in texts if isinstance(text, str))
    return (target for _, target in pairs_of(pipeline, allowed))


def tokenizers(config, made=()):
    """The pair of tokenizers (source, target).

    Args:
        config: Config.
        made: mapping from names to paths, as `prepare` returns it.

    Returns:
        `Tokenizer` of both; None for the source of a model of pictures.

    Raises:
        UserError: other words on both sides of a shared table.
    """
    pair = tuple(
        None
        if side == "source" and config.model == "Image2Seq"
        else _tokenizer_of(config, side, dict(made))
        for side in SIDES
    )
    if config.model_params.embedding_share in ("source_target", "all"):
        _check_same_words(config.model_params, pair)
    return pair


def _check_same_words(params, pair):
    """Refuses a table whose rows would mean two words each.

    Tables of other sizes the model refuses.
    """
    own, other = (
        each.pieces(range(FIRST_WORD, each.vocabulary_size)) for each in pair
    )
    for number, words in enumerate(zip(own, other, strict=False), 1):
        if words[0] != words[1]:
            raise UserError(
                f"embedding.share: {params.embedding_share} needs one "
                f"vocabulary for both sides. Received: word {number} of "
                f"vocab_source {params.vocab_source} is {words[0]!r}, of "
                f"vocab_target {params.vocab_target} {words[1]!r}. Name one "
                "file for both, made of both texts by `keras-seq2seq vocab`, "
                "or type embedding.share: none"
            )


def check_vocabularies(config, pair):
    """Refuses vocabularies that are not those of a trained model.

    Args:
        config: Config. Empty paths are not looked at.
        pair: the model's tokenizers (source, target).

    Raises:
        UserError: naming the file that differs.
    """
    for side, own in zip(SIDES, pair, strict=True):
        path = getattr(config.model_params, f"vocab_{side}")
        if own is None:
            continue
        if path and _tokenizer_of(config, side).fingerprint != own.fingerprint:
            raise UserError(
                f"vocab_{side}: {path} is not the vocabulary that the model "
                "was trained with; the run directory has its own copy. Leave "
                f"vocab_{side} out."
            )


def _tokenizer_of(config, side, made=()):
    params = config.model_params
    pipeline = config.input_pipeline_train or config.input_pipeline_dev
    given = getattr(pipeline, "params", None)
    path = getattr(params, f"vocab_{side}")
    return _tokenizer(
        dict(made).get(path, path),
        getattr(params, f"{side}_tokenizer"),
        getattr(given, f"{side}_delimiter", " "),
        getattr(params, f"{side}_lowercase"),
    )


def _tokenizer(path, kind, delimiter, lowercase):
    if kind == "characters":
        delimiter = ""
    tokenizer = load_tokenizer(path, delimiter, lowercase)
    words = isinstance(tokenizer, DelimiterTokenizer)
    if kind != "auto" and words != (kind in ("words", "characters")):
        raise UserError(
            f"{path}: expected a file for the tokenizer {kind}, whose suffix "
            "is .model (sentencepiece), .wordpiece.txt or .bytepair.json; "
            "every other file is a vocabulary of words or characters."
        )
    return tokenizer
