"""Speed of ConvS2S against a hand-written PyTorch model of the same sizes.

python benchmarks/conv_speed.py --data_dir DATA --alternations 3

Four layers of 256 on each side, windows of 3, embeddings of 256, dropout 0.2,
batches of 64 pairs of like length. `tokens_per_second` is training, in real
target tokens; `step_100_over_10` the time of decoding step 100 over that of
step 10; `beam5_sentences` sentences/s with beam 5, every hypothesis 20 tokens
long. The PyTorch decoder recomputes the prefix at each step.
"""

from side_by_side import PYTORCH, alternate, parser


def main():
    """Prints a table, and a JSON object as the last line."""
    arguments = parse()
    tail = [
        arguments.work_dir / "data",
        arguments.updates,
        arguments.sentences,
        arguments.threads,
    ]
    alternate(
        arguments,
        lambda precision: ["ours_conv.py", precision, *tail],
        ["pytorch_conv.py", *tail],
        PYTORCH,
    )


def parse():
    """The command line."""
    made = parser(__doc__.splitlines()[0])
    made.add_argument("--updates", type=int, default=60)
    made.add_argument(
        "--sentences", type=int, default=256, help="of the test set, decoded"
    )
    return made.parse_args()


if __name__ == "__main__":
    main()
