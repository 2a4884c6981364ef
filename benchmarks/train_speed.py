"""Training speed of the benchmark model against OpenNMT-tf, alternating.

python benchmarks/train_speed.py --data_dir DATA --alternations 3
"""

from side_by_side import alternate, parser


def main():
    """Prints a table, and a JSON object as the last line."""
    arguments = parse()
    data = arguments.work_dir / "data"
    tail = [data, arguments.updates, arguments.threads]
    alternate(
        arguments,
        lambda precision: ["ours.py", precision, *tail],
        ["opennmt_tf.py", *tail],
    )


def parse():
    """The command line."""
    made = parser(__doc__.splitlines()[0])
    made.add_argument("--updates", type=int, default=60)
    return made.parse_args()


if __name__ == "__main__":
    main()
