"""`keras-seq2seq toy-data`."""

import sys


def add_arguments(parser):
    """Adds the flags, under google/seq2seq's names."""
    parser.add_argument("--type", default="copy", help="copy or reverse")
    parser.add_argument("--output_dir", required=True)
    parser.add_argument("--vocab_size", type=int, default=20)
    parser.add_argument("--num_examples", type=int, default=10_000)
    parser.add_argument("--min_len", type=int, default=5)
    parser.add_argument("--max_len", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)


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
    )
    print(f"Written: {path}", file=sys.stderr)
