"""Settings of a run that google/seq2seq did not have."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema

from keras_seq2seq.config.section import Section
from keras_seq2seq.config.values import (
    Flag,
    Real,
    Says,
    Text,
    Texts,
    Whole,
    Wholes,
    one_or_many,
    parse_boundaries,
)

# Scores of generated text, which `dev_decoding` computes.
CORPUS_SCORES = Literal[
    "bleu",
    "bleu_1",
    "bleu_2",
    "bleu_3",
    "bleu_4",
    "chrf",
    "ter",
    "rouge_1",
    "rouge_2",
    "rouge_l",
    "wer",
    "per",
    "exact_match",
    "sockeye_bleu",
]


def _names(value):
    """`bleu,chrf` and `bleu` are lists, too."""
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(","))
    return tuple(value) if isinstance(value, list) else value


class EarlyStopping(Section):
    """When training ends before its last step."""

    metric: Literal["loss", "perplexity", "accuracy", CORPUS_SCORES] = Field(
        "bleu", description="What must improve on the dev set."
    )
    patience: Whole | None = Field(
        8,
        ge=1,
        description="Evaluations without improvement that end it; null: none "
        "do, and the metric tells the best checkpoint alone.",
    )
    min_delta: Real = Field(
        0.0, ge=0, description="Smaller changes are no improvement."
    )
    restore_best: Flag = Field(
        True,
        description="Kept for old files: the best checkpoint stays in any "
        "case, and inference takes it.",
    )


class PairBuckets(Section):
    """Buckets of both sides at once, as Sockeye and SageMaker have them."""

    width: Whole | None = Field(
        10,
        ge=1,
        description="Tokens by which the longer side grows from bucket to "
        "bucket; null: one bucket, so that every batch has the same shape.",
    )
    max_buckets: Whole | None = Field(
        None,
        ge=1,
        description="Most buckets; the least populated neighbours are merged. "
        "null: any number.",
    )


def _buckets(value):
    """A mapping means pair buckets, all else lengths of the source."""
    if isinstance(value, dict | PairBuckets):
        return PairBuckets.model_validate(value)
    return parse_boundaries(value)


Buckets = Annotated[
    PairBuckets | tuple[int, ...] | str | None,
    BeforeValidator(_buckets),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": ["integer", "string", "null"]},
                {"type": "array", "items": {"type": "integer"}},
                PairBuckets.model_json_schema(),
            ]
        }
    ),
]


class Average(Section):
    """Averaging of weights."""

    kind: Literal["none", "last", "best", "ema"] = Field(
        "none",
        description="Mean of the last or best checkpoints, or exponential "
        "moving average (ema).",
    )
    count: Whole = Field(
        5, ge=1, description="Checkpoints in the mean (last and best)."
    )
    decay: Real = Field(
        0.999, ge=0, lt=1, description="Share kept at each step (ema)."
    )


class SubwordSampling(Section):
    """Training text cut to subwords at random, several times over."""

    copies: Whole = Field(
        8, ge=1, description="Segmentations of each pair; a pass has them all."
    )
    source: Real = Field(
        0.1,
        ge=0,
        lt=1,
        description="Chance that a merge of BPE is left out, or unigram's "
        "inverse temperature, in the source; 0: cut as ever.",
    )
    target: Real = Field(0.1, ge=0, lt=1, description="The same in the target.")


class DevDecoding(Section):
    """Real search on the dev set, for corpus scores."""

    every_n_evaluations: Whole = Field(
        1, ge=1, description="Decode at every n-th evaluation."
    )
    max_sentences: Whole | None = Field(
        None, ge=1, description="Decode the first n pairs only; null: all."
    )
    sample: Whole | None = Field(
        None,
        ge=-1,
        description="Decode so many pairs, drawn once with seed 42; -1: all, "
        "0: all if early_stopping watches one of these scores, else none; "
        "null: max_sentences.",
    )
    beam_width: Whole = Field(
        1, ge=1, description="Hypotheses kept; 1: greedy search."
    )
    length_penalty: Real = Field(
        0.0, ge=0, description="Exponent of the length penalty."
    )
    length_penalty_offset: Real = Field(
        5.0,
        ge=0,
        description="What the length penalty adds to a length; 0 in Sockeye.",
    )
    length_penalty_counts_end: Flag = Field(
        False,
        description="Count END in a length, as Sockeye does.",
    )
    metric: Annotated[
        tuple[CORPUS_SCORES, ...],
        BeforeValidator(_names),
        Says(
            "a list out of bleu, bleu_1 to bleu_4, chrf, ter, rouge_1, "
            "rouge_2, rouge_l, wer, per, exact_match, sockeye_bleu"
        ),
        WithJsonSchema(one_or_many({"type": "string"})),
    ] = Field(("bleu",), min_length=1, description="Scores to compute.")
    tokenize: Literal["none", "13a", "intl", "char", "zh"] = Field(
        "none", description="sacrebleu's tokenisation of both sides."
    )
    teacher_forced: Flag = Field(
        False,
        description="Also score the likeliest words after the true ones, as "
        "google/seq2seq did; these names end in _teacher_forced.",
    )
    write_files: Flag = Field(
        False,
        description="Write decode.source and decode.target once and "
        "decode.output.NNNNN at the NNNNN-th evaluation.",
    )


class Prepare(Section):
    """A vocabulary or subword model that is made when it is missing."""

    output: Text = Field(
        min_length=1,
        description="Path it is written to; vocab_source and vocab_target "
        "name it.",
    )
    kind: Literal[
        "word", "character", "unigram", "bpe", "wordpiece", "bytepair"
    ] = Field("word", description="What is made.")
    size: Whole | None = Field(
        None,
        ge=1,
        description="Most tokens, or size of a subword vocabulary; null: all.",
    )
    min_frequency: Whole = Field(
        1, ge=1, description="Rarer tokens are left out."
    )
    lowercase: Flag = Field(False, description="Lower-case the text first.")
    delimiter: Text = Field(" ", description="Characters between words.")
    files: Texts = Field(
        (),
        description="Files or globs it is learnt from; empty: the targets of "
        "input_pipeline_train, as they are trained on.",
    )
    columns: Wholes | None = Field(
        None,
        description="0-based columns of a TSV it is learnt from; null: whole "
        "lines.",
    )
