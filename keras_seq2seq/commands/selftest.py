"""`keras-seq2seq selftest`."""

import json

from keras_seq2seq.commands.whole_number import positive


def add_arguments(parser):
    """Adds the flags."""
    parser.add_argument(
        "--checks", help="names with commas, as the table shows them"
    )
    parser.add_argument(
        "--logical_cpus",
        type=positive,
        metavar="N",
        help="split the processor into so many devices first",
    )
    parser.add_argument(
        "--json", action="store_true", help="one JSON object per check"
    )


def run(arguments):
    """Prints a table; 0 if nothing failed, else 1."""
    from keras_seq2seq.commands.tensorflow_start import start_tensorflow

    start_tensorflow()
    from keras_seq2seq import selftest

    names = _checked(arguments, selftest.CHECKS)
    if arguments.logical_cpus:
        selftest.make_logical_cpus(arguments.logical_cpus)
    if not arguments.json:
        print(_devices())
    failed = False
    for result in selftest.selftest(names):
        failed |= result.outcome == "failed"
        meaning = selftest.CHECKS[result.name][1]
        print(
            json.dumps(result._asdict())
            if arguments.json
            else f"{result.name:12} {result.outcome:8} {meaning:33} "
            f"{result.detail}",
            flush=True,
        )
    return int(failed)


def _checked(arguments, known):
    import difflib

    from keras_seq2seq.errors import UserError

    names = [n.strip() for n in (arguments.checks or "").split(",")]
    names = [name for name in names if name] or list(known)
    for name in names:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"Did you mean {near[0]}? " if near else ""
            raise UserError(
                f"--checks: there is no check {name}. {hint}"
                f"Checks: {', '.join(known)}"
            )
    return names


def _devices():
    import tensorflow as tf

    import keras_seq2seq

    found = [
        tf.config.experimental.get_device_details(device).get("device_name")
        or device.device_type
        for device in tf.config.list_physical_devices()
    ]
    return (
        f"keras-seq2seq {keras_seq2seq.__version__}, TensorFlow "
        f"{tf.__version__}, devices: {', '.join(found)}"
    )
