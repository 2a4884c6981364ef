"""Training speed of the benchmark model against OpenNMT-tf, alternating.

python benchmarks/train_speed.py --data_dir DATA --alternations 3
"""

import collections
import sys

from side_by_side import PEERS, install, parser, prepare, run, show


def main():
    """Prints a table, and a JSON object as the last line."""
    arguments = parse()
    work = arguments.work_dir
    prepare(arguments.data_dir, work / "data")
    peer = None if arguments.without_peer else install(work / "opennmt_tf")
    figures = collections.defaultdict(list)
    tail = [work / "data", arguments.updates, arguments.threads]
    for _ in range(arguments.alternations):
        for precision in arguments.precision:
            command = [sys.executable, PEERS / "ours.py", precision, *tail]
            figure = run(command, work, arguments.threads)
            figures[f"keras_seq2seq {precision}"].append(figure)
        if peer is not None:
            command = [peer, PEERS / "opennmt_tf.py", *tail]
            figures["OpenNMT-tf"].append(run(command, work, arguments.threads))
    show(figures)


def parse():
    """The command line."""
    made = parser(__doc__.splitlines()[0])
    made.add_argument("--updates", type=int, default=60)
    made.add_argument("--precision", nargs="+", default=["float32"])
    return made.parse_args()


if __name__ == "__main__":
    main()
