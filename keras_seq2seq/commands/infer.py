"""`keras-seq2seq infer`."""

import json
import sys

from keras_seq2seq.commands.allow_import import add_allow_import
from keras_seq2seq.commands.standard_input import standard_input


def add_arguments(parser):
    """Adds the flags of google/seq2seq's `infer`, and ours."""
    parser.add_argument("--model_dir", required=True, help="train's output_dir")
    parser.add_argument(
        "--input_pipeline",
        help="YAML: {class, params}; without it lines come from stdin",
    )
    parser.add_argument(
        "--tasks", help="YAML list of {class, params}; default: DecodeText"
    )
    parser.add_argument(
        "--model_params", help="YAML laid over the stored settings"
    )
    parser.add_argument(
        "--checkpoint",
        help="averaged, best, latest or a step; default: the first there is",
    )
    parser.add_argument(
        "--checkpoint_path", help="the directory of one checkpoint"
    )
    parser.add_argument(
        "--batch_size", type=int, default=128, help="sources decoded at once"
    )
    parser.add_argument(
        "--config_path", help="YAML file with any of these settings"
    )
    parser.add_argument(
        "--n_best",
        type=int,
        help="write JSON lines with so many hypotheses and their scores",
    )
    add_allow_import(parser)


def run(arguments):
    """Writes one line per source line, blank for blank."""
    from keras_seq2seq.commands.tensorflow_start import start_tensorflow
    from keras_seq2seq.config.inference_flags import inference_flags

    flags = inference_flags(arguments)
    start_tensorflow()
    from keras_seq2seq import inference, recipe

    model = inference.load(
        flags.model_dir,
        flags.checkpoint_path or flags.checkpoint,
        flags.model_params,
        flags.allow_import,
    )
    task = recipe.task(flags.task, flags.allow_import)
    search = recipe.with_options(
        model.generator.default_search,
        n_best=flags.n_best or 1,
        with_attention=task.needs_attention,
    )
    lines = (
        recipe.source_lines(flags.input_pipeline, flags.allow_import)
        if flags.input_pipeline
        else standard_input()
    )
    generations = inference.generate_lines(
        model, lines, search, flags.batch_size
    )
    for number, generation in enumerate(generations, start=1):
        if flags.n_best:
            write_ranks(number, generation, task)
        else:
            sys.stdout.write(task(generation) + "\n")
    sys.stdout.flush()


def write_ranks(number, generation, task):
    """JSON lines of a line's hypotheses, best first."""
    ranks = (generation, *generation.alternatives)
    for rank, one in enumerate(ranks, start=1):
        record = {
            "line": number,
            "rank": rank,
            "text": task(one),
            "log_prob": one.log_prob,
            "score": one.score,
        }
        sys.stdout.write(json.dumps(record, ensure_ascii=False) + "\n")
