"""`keras-seq2seq score`."""

from keras_seq2seq.commands.allow_import import add_allow_import
from keras_seq2seq.commands.whole_number import positive


def add_arguments(parser):
    """Adds the flags."""
    parser.add_argument("--model_dir", required=True, help="train's output_dir")
    parser.add_argument("--source", required=True, help="file of sources")
    parser.add_argument("--target", required=True, help="file of targets")
    parser.add_argument("--checkpoint", help="averaged, best, latest or a step")
    parser.add_argument("--batch_size", type=positive, default=64)
    add_allow_import(parser)


def run(arguments):
    """Prints `log_prob<TAB>tokens<TAB>target` per line; nats, END included."""
    from keras_seq2seq.commands.tensorflow_start import start_tensorflow
    from keras_seq2seq.data.lines import read_all
    from keras_seq2seq.errors import UserError

    sources, targets = (
        list(read_all(path)) for path in (arguments.source, arguments.target)
    )
    if len(sources) != len(targets):
        raise UserError(
            f"{arguments.source} has {len(sources)} lines and "
            f"{arguments.target} has {len(targets)}; they must be equally many."
        )
    if not sources:
        raise UserError(f"{arguments.source}: expected lines. Received: none.")
    start_tensorflow()
    from keras_seq2seq import inference

    model = inference.load(
        arguments.model_dir,
        arguments.checkpoint,
        allowed=arguments.allow_import,
    )
    nats, tokens = inference.score_pairs(
        model, sources, targets, arguments.batch_size
    )
    for value, count, target in zip(nats, tokens, targets, strict=True):
        print(f"{value:.6f}\t{count}\t{target}")
