"""Settings of text and embeddings, a part of `model_params`."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema

from keras_seq2seq.config.section import Section
from keras_seq2seq.config.values import (
    SOCKEYE_SHARES,
    Flag,
    KeepProbability,
    Real,
    Text,
    Whole,
    parse_share,
)

TOKENIZERS = Literal[
    "auto", "words", "characters", "sentencepiece", "wordpiece", "bytepair"
]
SHARES = ("none", "source_target", "target_output", "all")


class TextParams(Section):
    """How text becomes tokens, and tokens vectors."""

    vocab_source: Text = Field(
        "", description="Path of the source vocabulary or subword model."
    )
    vocab_target: Text = Field(
        "", description="Path of the target vocabulary or subword model."
    )
    source_max_seq_len: Whole | None = Field(
        50,
        ge=1,
        alias="source.max_seq_len",
        description="Source tokens kept, END not counted; null: all.",
    )
    source_reverse: Flag = Field(
        True,
        alias="source.reverse",
        description="Feed the source sequence last token first; the default "
        "in ConvS2S is false.",
    )
    source_append_end: Flag = Field(
        True,
        alias="source.append_end",
        description="Append END to the source sequence.",
    )
    source_tokenizer: TOKENIZERS = Field(
        "auto",
        alias="source.tokenizer",
        description="How source text is cut; auto: by vocab_source's suffix.",
    )
    source_lowercase: Flag = Field(
        False,
        alias="source.lowercase",
        description="Lower-case source text.",
    )
    target_max_seq_len: Whole | None = Field(
        50,
        ge=1,
        alias="target.max_seq_len",
        description="Target tokens kept, START and END not counted; null: all.",
    )
    target_tokenizer: TOKENIZERS = Field(
        "auto",
        alias="target.tokenizer",
        description="How target text is cut; auto: by vocab_target's suffix.",
    )
    target_lowercase: Flag = Field(
        False,
        alias="target.lowercase",
        description="Lower-case target text.",
    )
    embedding_dim: Whole = Field(
        100, ge=1, alias="embedding.dim", description="Width of embeddings."
    )
    embedding_source_dim: Whole | None = Field(
        None,
        ge=1,
        alias="embedding.source_dim",
        description="Width of source embeddings; null: embedding.dim.",
    )
    embedding_target_dim: Whole | None = Field(
        None,
        ge=1,
        alias="embedding.target_dim",
        description="Width of target embeddings; null: embedding.dim.",
    )
    embedding_share: Annotated[
        Literal[SHARES],
        BeforeValidator(parse_share),
        WithJsonSchema({"enum": [*SHARES, *SOCKEYE_SHARES, True, False]}),
    ] = Field(
        "none",
        alias="embedding.share",
        description="Which of source embedding, target embedding and output "
        "projection are one matrix; false: none, true: source_target.",
    )
    embedding_init_scale: Real = Field(
        0.04,
        gt=0,
        alias="embedding.init_scale",
        description="Embeddings start uniform in plus or minus this; in "
        "ConvS2S normal with this deviation, 0.1 by default.",
    )
    embedding_source_file: Text | None = Field(
        None,
        alias="embedding.source_file",
        description="Pretrained source vectors, text or .npy; null: none.",
    )
    embedding_target_file: Text | None = Field(
        None,
        alias="embedding.target_file",
        description="Pretrained target vectors, text or .npy; null: none.",
    )
    embedding_dropout_keep_prob: KeepProbability = Field(
        1.0,
        alias="embedding.dropout_keep_prob",
        description="Share of embeddings' features kept in training.",
    )
    embedding_source_dropout_keep_prob: KeepProbability | None = Field(
        None,
        alias="embedding.source_dropout_keep_prob",
        description="The same for the source; null: as for both.",
    )
    embedding_target_dropout_keep_prob: KeepProbability | None = Field(
        None,
        alias="embedding.target_dropout_keep_prob",
        description="The same for the target; null: as for both.",
    )
    embedding_word_keep_prob: KeepProbability = Field(
        1.0,
        alias="embedding.word_keep_prob",
        description="Share of tokens whose vectors are kept in training; the "
        "others are zero as a whole.",
    )
    embedding_source_word_keep_prob: KeepProbability | None = Field(
        None,
        alias="embedding.source_word_keep_prob",
        description="The same for the source; null: as for both.",
    )
    embedding_target_word_keep_prob: KeepProbability | None = Field(
        None,
        alias="embedding.target_word_keep_prob",
        description="The same for the target; null: as for both.",
    )
    output_dropout_keep_prob: KeepProbability = Field(
        1.0,
        alias="output.dropout_keep_prob",
        description="Share of features kept in front of the output "
        "projection in training.",
    )
