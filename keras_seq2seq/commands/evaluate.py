"""`keras-seq2seq evaluate`."""

import json
import statistics

from keras_seq2seq.commands.allow_import import add_allow_import
from keras_seq2seq.commands.whole_number import positive


def add_arguments(parser):
    """Adds the flags: text against text, or a model against a pipeline."""
    parser.add_argument(
        "--hypotheses",
        nargs="+",
        help="files, one hypothesis per line each, or - for stdin; of several "
        "the mean and the standard deviation are printed",
    )
    parser.add_argument(
        "--references", nargs="+", help="files, one reference per line each"
    )
    parser.add_argument(
        "--metric",
        default="bleu",
        help="names with commas: bleu, bleu_1 to bleu_4, multi_bleu, chrf, "
        "ter, rouge (nine values) or one of them as rouge_l/f_score, wer, per, "
        "exact_match",
    )
    parser.add_argument(
        "--tokenize",
        default="none",
        help="how BLEU finds words: none for tokenised text, 13a, intl, ...",
    )
    parser.add_argument(
        "--sentence",
        action="store_true",
        help="print each line's own score instead of the corpus's",
    )
    parser.add_argument(
        "--model_dir",
        action="append",
        help="train's output_dir; several, with commas or repeated, are an "
        "ensemble",
    )
    parser.add_argument(
        "--input_pipeline", help="YAML: {class, params} with targets"
    )
    parser.add_argument("--checkpoint", help="averaged, best, latest or a step")
    parser.add_argument(
        "--model_params", help="YAML laid over the stored settings"
    )
    parser.add_argument("--batch_size", type=positive, default=64)
    add_allow_import(parser)


def run(arguments):
    """Prints one JSON object per metric."""
    from keras_seq2seq.errors import UserError
    from keras_seq2seq.metrics import metric_names
    from keras_seq2seq.metrics.bleu import check_tokenizer

    # Here, since a model may decode for an hour before they are needed.
    arguments.metrics = metric_names(arguments.metric)
    check_tokenizer(arguments.tokenize)
    of_text = arguments.hypotheses and arguments.references
    of_model = arguments.model_dir and arguments.input_pipeline
    if bool(of_text) == bool(of_model):
        raise UserError(
            "give either --hypotheses FILE --references FILE, or --model_dir "
            "DIRECTORY --input_pipeline YAML."
        )
    records = _of_text(arguments) if of_text else _of_model(arguments)
    for record in records:
        print(json.dumps(record, ensure_ascii=False))


def _of_text(arguments):
    from keras_seq2seq.commands.standard_input import file_or_standard_input
    from keras_seq2seq.data.lines import read_all

    references = [list(read_all(path)) for path in arguments.references]
    hypotheses = [
        (path, list(file_or_standard_input(path)))
        for path in arguments.hypotheses
    ]
    return _scored(
        arguments,
        hypotheses,
        references[0] if len(references) == 1 else references,
    )


def _scored(arguments, hypotheses, references):
    """Records of each metric, of pairs of a name and its hypotheses."""
    for name in arguments.metrics:
        if arguments.sentence:
            yield from _by_sentence(arguments, name, hypotheses, references)
        else:
            yield _of_corpus(arguments, name, hypotheses, references)


def _of_corpus(arguments, name, hypotheses, references):
    from keras_seq2seq.metrics import score

    found = [
        score(name, texts, references, arguments.tokenize)
        for _, texts in hypotheses
    ]
    values = [each.value for each in found]
    record = {
        "metric": found[0].name,
        "value": sum(values) / len(values),
        "signature": found[0].signature,
    }
    if len(values) > 1:
        record |= {"std": statistics.stdev(values), "values": values}
    return record


def _by_sentence(arguments, name, hypotheses, references):
    """Each line alone, after all lists are known to be equally long."""
    from keras_seq2seq.metrics import score
    from keras_seq2seq.metrics.corpus import reference_sets

    sets = [reference_sets(texts, references) for _, texts in hypotheses]
    for (file, texts), own in zip(hypotheses, sets, strict=True):
        for line, (text, *lines) in enumerate(
            zip(texts, *own, strict=True), start=1
        ):
            found = score(
                name,
                [text],
                [[each] for each in lines],
                arguments.tokenize,
                effective_order=True,
            )
            record = {
                "line": line,
                "metric": found.name,
                "value": found.value,
                "signature": found.signature,
            }
            yield {"file": file, **record} if len(hypotheses) > 1 else record


def _of_model(arguments):
    from keras_seq2seq.commands.tensorflow_start import start_tensorflow
    from keras_seq2seq.config.inference_flags import (
        checked_pipeline,
        directories,
    )

    pipeline = checked_pipeline(arguments.input_pipeline)
    start_tensorflow()
    from keras_seq2seq import inference, recipe
    from keras_seq2seq.metrics.corpus import as_sets
    from keras_seq2seq.run_files import read_run

    run_dirs = directories(arguments.model_dir)
    model = inference.load(
        run_dirs,
        arguments.checkpoint,
        arguments.model_params,
        arguments.allow_import,
    )
    values = inference.evaluate(
        model,
        pipeline,
        read_run(run_dirs[0]).config,
        arguments.batch_size,
        arguments.allow_import,
    )
    for name, value in values.items():
        yield {"metric": name, "value": value, "signature": "teacher forcing"}
    sources, references = recipe.texts(
        pipeline, None, arguments.allow_import, model.tokenizers
    )
    found = model.generate(sources, batch_size=arguments.batch_size)
    hypotheses = [("the model", [each.text for each in found])]
    yield from _scored(arguments, hypotheses, as_sets(references))
