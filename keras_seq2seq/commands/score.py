"""`keras-seq2seq score`."""

import sys

from keras_seq2seq.commands.allow_import import add_allow_import
from keras_seq2seq.commands.whole_number import positive

SOCKEYE = {
    "score": "{score:.3f}",
    "translation_with_score": "{score:.3f}\t{target}",
    "pair_with_score": "{score:.3f}\t{source}\t{target}",
}
LINES_SHOWN = 10


def add_arguments(parser):
    """Adds the flags, Sockeye's among them."""
    parser.add_argument(
        "--model_dir",
        action="append",
        required=True,
        help="train's output_dir; several, with commas or repeated, are an "
        "ensemble",
    )
    parser.add_argument(
        "--source", required=True, help="file of sources, or - for stdin"
    )
    parser.add_argument(
        "--target", required=True, help="file of targets, or - for stdin"
    )
    parser.add_argument(
        "--checkpoint", help="averaged, best, latest, a step, last:N, ..."
    )
    parser.add_argument("--batch_size", type=positive, default=64)
    parser.add_argument(
        "--output_type",
        choices=SOCKEYE,
        help="lines as Sockeye wrote them; default: "
        "log_prob<TAB>tokens<TAB>target, or score if an option of it is given",
    )
    parser.add_argument(
        "--score_type",
        choices=("neglogprob", "logprob"),
        help="sign of Sockeye's score; default: neglogprob",
    )
    parser.add_argument(
        "--length_penalty_alpha",
        type=float,
        help="exponent of the penalty that divides Sockeye's score; default: 1",
    )
    parser.add_argument(
        "--length_penalty_beta",
        type=float,
        help="tokens that it adds to a length; default: 0",
    )
    parser.add_argument(
        "--softmax_temperature", type=float, help="divides the logits"
    )
    parser.add_argument(
        "--max_seq_len",
        metavar="SOURCE[:TARGET]",
        help="pairs with more tokens have the probability 0; default: what the "
        "model can read",
    )
    parser.add_argument(
        "--ensemble_mode", choices=("linear", "log_linear"), default="linear"
    )
    add_allow_import(parser)


def run(arguments):
    """Prints a line for each pair; nats, END included."""
    from keras_seq2seq.commands.tensorflow_start import start_tensorflow
    from keras_seq2seq.config.inference_flags import directories

    line = _line_format(arguments)
    longest = _longest(arguments.max_seq_len)
    sources, targets = _texts(arguments)
    start_tensorflow()
    from keras_seq2seq import inference

    model = inference.load(
        directories(arguments.model_dir),
        arguments.checkpoint,
        allowed=arguments.allow_import,
        ensemble=arguments.ensemble_mode,
    )
    nats, tokens = inference.score_pairs(
        model,
        sources,
        targets,
        arguments.batch_size,
        1.0
        if arguments.softmax_temperature is None
        else arguments.softmax_temperature,
        longest,
    )
    _tell_of_impossible_ones(nats, model.tokenizers[0] is None)
    for row in zip(sources, targets, nats, tokens, strict=True):
        print(line(*row))


def _texts(arguments):
    from keras_seq2seq.commands.standard_input import file_or_standard_input
    from keras_seq2seq.errors import UserError

    if arguments.source == arguments.target == "-":
        raise UserError("--source - --target -: one of them must be a file.")
    sources, targets = (
        list(file_or_standard_input(path))
        for path in (arguments.source, arguments.target)
    )
    if len(sources) != len(targets):
        raise UserError(
            f"{arguments.source} has {len(sources)} lines and "
            f"{arguments.target} has {len(targets)}; they must be equally many."
        )
    if not sources:
        raise UserError(f"{arguments.source}: expected lines. Received: none.")
    return sources, targets


def _line_format(arguments):
    """A function from source, target, nats and tokens to a line."""
    from keras_seq2seq.errors import UserError

    temperature = arguments.softmax_temperature
    if temperature is not None and not 0 < temperature < float("inf"):
        raise UserError(
            "--softmax_temperature must be a number above 0. "
            f"Received: {temperature}"
        )
    alpha, beta = (
        arguments.length_penalty_alpha,
        arguments.length_penalty_beta,
    )
    kind = arguments.output_type
    if (kind, arguments.score_type, alpha, beta) == (None,) * 4:
        return lambda source, target, nats, tokens: (
            f"{nats:.6f}\t{tokens}\t{target}"
        )
    alpha, beta = 1.0 if alpha is None else alpha, beta or 0.0
    for name, value in (("alpha", alpha), ("beta", beta)):
        if not 0 <= value < float("inf"):
            raise UserError(
                f"--length_penalty_{name} must be a number of at least 0. "
                f"Received: {value}"
            )
    sign = 1 if arguments.score_type == "logprob" else -1
    template = SOCKEYE[kind or "score"]

    def line(source, target, nats, tokens):
        penalty = ((beta + tokens) / (beta + 1)) ** alpha
        score = sign * nats / penalty
        return template.format(score=score, source=source, target=target)

    return line


def _longest(text):
    """The pair (source, target) of `--max_seq_len`, None for no limit."""
    from keras_seq2seq.errors import UserError

    if text is None:
        return None, None
    parts = text.split(":")
    if len(parts) > 2 or not all(p.isdecimal() and int(p) for p in parts):
        raise UserError(
            "--max_seq_len must be a whole number of at least 1, or two with "
            f"a colon between them, such as 100:120. Received: {text}"
        )
    return int(parts[0]), int(parts[-1])


def _tell_of_impossible_ones(nats, pictures):
    lines = [n for n, value in enumerate(nats, 1) if value == -float("inf")]
    if lines:
        shown = ", ".join(map(str, lines[:LINES_SHOWN]))
        more = ", ..." if len(lines) > LINES_SHOWN else ""
        why = "too long"
        if pictures:
            why += ", or their picture can't be read,"
        print(
            f"{len(lines)} pairs are {why} and have the probability 0: "
            f"lines {shown}{more}",
            file=sys.stderr,
        )
