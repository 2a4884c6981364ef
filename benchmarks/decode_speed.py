"""Decoding speed of the benchmark model against OpenNMT-tf, alternating.

python benchmarks/decode_speed.py --data_dir DATA --alternations 3

Both models are trained for two epochs first, once (`--work_dir`). OpenNMT-tf
decodes 64 sentences at a time, ours `--batch_size`.
"""

from side_by_side import alternate, parser


def main():
    """Prints a table, and a JSON object as the last line."""
    arguments = parse()
    data = arguments.work_dir / "data"
    tail = [data, arguments.threads]
    alternate(
        arguments,
        lambda precision: [
            "ours_decode.py",
            precision,
            *tail,
            arguments.batch_size,
        ],
        ["opennmt_tf_decode.py", *tail],
    )


def parse():
    """The command line."""
    made = parser(__doc__.splitlines()[0])
    made.add_argument("--batch_size", type=int, default=192)
    return made.parse_args()


if __name__ == "__main__":
    main()
