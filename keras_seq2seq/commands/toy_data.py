"""`keras-seq2seq toy-data`."""

import sys

from keras_seq2seq.commands.whole_number import non_negative, positive

SENTENCE_PIECES = 20  # of google/seq2seq's toy.sh


def add_arguments(parser):
    """Adds the flags, under google/seq2seq's names."""
    parser.add_argument("--type", default="copy", help="copy, reverse or sort")
    parser.add_argument("--output_dir", required=True)
    parser.add_argument(
        "--vocab_size", type=positive, default=20, help="different tokens"
    )
    parser.add_argument(
        "--num_examples",
        type=positive,
        default=10_000,
        help="pairs of train; dev and test have a tenth each",
    )
    parser.add_argument(
        "--min_len", type=positive, default=5, help="fewest tokens of a line"
    )
    parser.add_argument(
        "--max_len", type=positive, default=20, help="most tokens of a line"
    )
    parser.add_argument("--seed", type=non_negative, default=0)
    parser.add_argument(
        "--sentencepiece",
        type=positive,
        nargs="?",
        const=SENTENCE_PIECES,
        metavar="SIZE",
        help="also write a joint BPE model and *.bpe.txt files; pieces, "
        f"specials counted, by default {SENTENCE_PIECES}",
    )


def run(arguments):
    """Writes train, dev and test, and vocabularies."""
    from keras_seq2seq.data.toy import write_toy_data

    path = write_toy_data(
        arguments.output_dir,
        arguments.type,
        arguments.vocab_size,
        arguments.num_examples,
        arguments.min_len,
        arguments.max_len,
        arguments.seed,
        arguments.sentencepiece,
    )
    print(f"Written: {path}", file=sys.stderr)
