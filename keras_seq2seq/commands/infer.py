"""`keras-seq2seq infer`."""

import sys

from keras_seq2seq.commands.allow_import import add_allow_import
from keras_seq2seq.commands.standard_input import standard_input


def add_arguments(parser):
    """Adds the flags of google/seq2seq's `infer`, old ones too, and ours."""
    from keras_seq2seq.config.wiki_inference import OLD_FLAGS, SWITCHES

    parser.add_argument(
        "--model_dir",
        action="append",
        help="train's output_dir; several, with commas or repeated, are an "
        "ensemble",
    )
    parser.add_argument(
        "--input_pipeline",
        help="YAML: {class, params}; without it lines come from stdin",
    )
    parser.add_argument(
        "--tasks",
        help="YAML list of {class, params}: DecodeText (default), "
        "DumpAttention, DumpBeams, or your own",
    )
    parser.add_argument(
        "--model_params", help="YAML laid over the stored settings"
    )
    parser.add_argument(
        "--checkpoint",
        help="averaged, best, latest, a step, or last:N or best:N for the "
        "average of so many; default: the first of the names there is",
    )
    parser.add_argument(
        "--checkpoint_path", help="the directory of one checkpoint"
    )
    parser.add_argument(
        "--batch_size", help="sources decoded at once; default: 128"
    )
    parser.add_argument(
        "--config_path", help="YAML file with any of these settings"
    )
    parser.add_argument(
        "--n_best",
        type=int,
        help="write JSON lines with so many hypotheses and their scores",
    )
    parser.add_argument(
        "--interactive",
        action="store_true",
        default=None,
        help="answer each line before the next is read, as at a terminal",
    )
    add_allow_import(parser)
    for name in OLD_FLAGS:
        text = "of google/seq2seq's wiki, see docs/compatibility.md"
        options = {"nargs": "?", "const": "true"} if name in SWITCHES else {}
        parser.add_argument(f"--{name}", metavar="VALUE", help=text, **options)


def run(arguments):
    """Carries out the tasks; DecodeText writes one line per source line."""
    from keras_seq2seq.commands.tensorflow_start import start_tensorflow
    from keras_seq2seq.config.inference_flags import inference_flags

    flags = inference_flags(arguments, say=lambda x: print(x, file=sys.stderr))
    start_tensorflow()
    from keras_seq2seq import inference, recipe

    tasks = [recipe.task(each, flags.allow_import) for each in flags.tasks]
    model = inference.load(
        flags.model_dir,
        flags.checkpoint_path or flags.checkpoint,
        flags.model_params,
        flags.allow_import,
    )
    search = inference.task_search(model, tasks, flags.n_best or 1)
    lines = (
        recipe.source_lines(
            flags.input_pipeline, flags.allow_import, model.tokenizers
        )
        if flags.input_pipeline
        else standard_input()
    )
    typed = not flags.input_pipeline and sys.stdin.isatty()
    at_once = typed or (flags.interactive and not flags.input_pipeline)
    if typed:
        print("Type a line to be answered; Ctrl-D ends.", file=sys.stderr)
    for said in inference.run_tasks(
        model,
        _ranked(tasks, flags.n_best),
        lines,
        search,
        batch_size=flags.batch_size,
        read_ahead=1 if at_once else None,
    ):
        for text in said:
            sys.stdout.write(text + "\n")
        if at_once:
            sys.stdout.flush()
    sys.stdout.flush()


def _ranked(tasks, n_best):
    """The tasks, those that write text with all hypotheses if asked for."""
    from keras_seq2seq.tasks import DecodeText, RankedText

    if n_best is None:
        return tasks
    return [
        RankedText(task, n_best) if isinstance(task, DecodeText) else task
        for task in tasks
    ]
