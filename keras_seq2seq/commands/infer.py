"""`keras-seq2seq infer`."""

import contextlib
import sys

from keras_seq2seq.commands.allow_import import add_allow_import
from keras_seq2seq.commands.standard_input import standard_input


def add_arguments(parser):
    """Adds the flags of google/seq2seq's `infer`, old ones too, and ours,
    and those of Sockeye's `translate`."""
    from keras_seq2seq.config.inference_flags import (
        BARE,
        SOCKEYE_FLAGS,
        InferenceFlags,
    )
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
        help="averaged, best, latest, a step, or last:N, best:N, lifespan:N "
        "or until_best:N for the average of so many; default: the first of "
        "the names there is",
    )
    parser.add_argument(
        "--checkpoint_path", help="the directory of one checkpoint"
    )
    parser.add_argument(
        "--batch_size", help="sources decoded at once, at most; default: 192"
    )
    parser.add_argument(
        "--precision",
        help="float32 (default), or mixed_bfloat16, which is faster where the "
        "processor has products of it",
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
    for name in SOCKEYE_FLAGS:
        text = InferenceFlags.model_fields[name].description
        options = {"nargs": "?", "const": BARE[name]} if name in BARE else {}
        parser.add_argument(f"--{name}", metavar="VALUE", help=text, **options)
    parser.add_argument(
        "--images",
        nargs="+",
        metavar="PATH",
        help="pictures, or folders of them, for a model of pictures; without "
        "it and --input_pipeline their paths come from stdin, line by line",
    )
    parser.add_argument(
        "--html",
        metavar="FILE",
        help="write a page of pictures, captions, references and attention",
    )
    parser.add_argument(
        "--strict",
        action="store_true",
        default=None,
        help="end at a picture that can't be read; else it is named, and its "
        "caption is blank",
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
    checkpoint = _checkpoint(flags)
    start_tensorflow()
    from keras_seq2seq import inference, recipe
    from keras_seq2seq.search_flags import asked_search

    tasks = [recipe.task(each, flags.allow_import) for each in flags.tasks]
    _check_passed_through(tasks, flags)
    model = inference.load(
        flags.model_dir,
        checkpoint,
        flags.model_params,
        flags.allow_import,
        flags.ensemble_mode,
        flags.precision,
    )
    _ready_for_pictures(flags, model)
    lexicon = _lexicon(flags, model)
    from_stdin = not (flags.input_pipeline or flags.images)
    typed = from_stdin and sys.stdin.isatty()
    at_once = typed or (flags.interactive and from_stdin)
    lines, passed = _lines(flags, model)
    tasks = _writing(tasks, flags, model, passed)
    if flags.html:
        tasks.append(_gallery(flags, model))
    search = inference.task_search(
        model,
        tasks,
        flags.n_best or 1,
        asked_search(model.generator.default_search, flags),
    )
    if typed:
        print("Type a line to be answered; Ctrl-D ends.", file=sys.stderr)
    with _output(flags) as write:
        for said in inference.run_tasks(
            model,
            tasks,
            lines,
            search,
            batch_size=flags.batch_size,
            read_ahead=1 if at_once else flags.chunk_size,
            max_input_length=flags.max_input_len,
            lexicon=lexicon,
        ):
            for text in said:
                write(text + "\n")
            if at_once:
                sys.stdout.flush()
    sys.stdout.flush()


def _checkpoint(flags):
    """Which weights are asked for, or None."""
    from keras_seq2seq.errors import UserError

    if flags.checkpoint and flags.checkpoint_path:
        raise UserError(
            "give --checkpoint or --checkpoint_path, not both. Received: "
            f"{flags.checkpoint} and {flags.checkpoint_path}"
        )
    return flags.checkpoint_path or flags.checkpoint


def _lexicon(flags, model):
    """The `Lexicon` that is asked for, or None."""
    from keras_seq2seq.data.lexicon import Lexicon
    from keras_seq2seq.errors import UserError

    path, best = flags.restrict_lexicon, flags.restrict_lexicon_topk
    if path is None:
        if best is not None:
            raise UserError(
                "--restrict_lexicon_topk is an option of --restrict_lexicon. "
                "Type that, too, with its file."
            )
        return None
    if model.tokenizers[0] is None:
        raise UserError(
            "--restrict_lexicon goes with a model of text. Received: "
            f"{type(model).__name__}"
        )
    lexicon = Lexicon.load(path)
    lexicon.check(model.tokenizers)
    return lexicon if best is None else lexicon.shortened(best)


def _check_passed_through(tasks, flags):
    """Refuses several writers of what each line of JSON holds once."""
    from keras_seq2seq.errors import UserError
    from keras_seq2seq.tasks import DecodeText

    writers = sum(isinstance(task, DecodeText) for task in tasks)
    if flags.json_input and flags.output_type == "json" and writers > 1:
        raise UserError(
            "--json_input with --output_type json goes with one DecodeText. "
            f"Received: {writers}."
        )


def _ready_for_pictures(flags, model):
    """Passes on what concerns pictures, or refuses it."""
    from keras_seq2seq.errors import UserError

    if hasattr(model.generator, "strict"):
        model.generator.strict = flags.strict
    elif flags.images or flags.html:
        raise UserError(
            "--images and --html go with a model of pictures, Image2Seq. "
            f"Received: {type(model).__name__}"
        )
    if flags.images and flags.input_pipeline:
        raise UserError("give --images or --input_pipeline, not both.")


def _sources(flags, model):
    """What is read, one by one."""
    from keras_seq2seq import recipe
    from keras_seq2seq.data.picture_store import pictures_in

    if flags.images:
        return pictures_in(flags.images)
    if flags.input_pipeline:
        return recipe.source_lines(
            flags.input_pipeline,
            flags.allow_import,
            model.tokenizers,
            flags.strict,
        )
    return standard_input()


def _gallery(flags, model):
    """The task of --html, with references if the pipeline has some."""
    from keras_seq2seq import recipe
    from keras_seq2seq.tasks import WriteGallery

    references = {}
    if flags.input_pipeline:
        references = recipe.references(
            flags.input_pipeline, model.tokenizers[1], flags.allow_import
        )
    title = f"Captions by {', '.join(flags.model_dir)}"
    return WriteGallery(flags.html, references, title)


def _lines(flags, model):
    """The sources, and what of JSON lines is to be passed on, or None."""
    from keras_seq2seq.data.json_lines import JsonLines

    lines = _sources(flags, model)
    if not flags.json_input:
        return lines, None
    where = "input_pipeline" if flags.input_pipeline else "standard input"
    lines = JsonLines(lines, where, keep=flags.output_type == "json")
    return lines, lines.passed if lines.keep else None


def _writing(tasks, flags, model, passed):
    """The tasks, those that write text doing so as the flags ask."""
    from keras_seq2seq.tasks import DecodeText, RankedText, output_task

    def written(task):
        if not isinstance(task, DecodeText):
            return task
        if flags.output_type is None:
            return RankedText(task, flags.n_best) if flags.n_best else task
        return output_task(
            flags.output_type,
            task,
            n_best=flags.n_best or 1,
            threshold=flags.sure_align_threshold,
            with_attention=model.has_attention,
            prefix=flags.output or "align",
            passed=passed,
        )

    return [written(task) for task in tasks]


@contextlib.contextmanager
def _output(flags):
    """What writes text: to standard output, or to a file that is whole."""
    from keras_seq2seq.data.write_file import writing

    if flags.output is None or flags.output_type == "align_plot":
        yield sys.stdout.write
        return
    with writing(flags.output) as file:
        yield lambda text: file.write(text.encode())
