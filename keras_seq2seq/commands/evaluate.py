"""`keras-seq2seq evaluate`."""

import json

from keras_seq2seq.commands.allow_import import add_allow_import
from keras_seq2seq.commands.whole_number import positive


def add_arguments(parser):
    """Adds the flags: text against text, or a model against a pipeline."""
    parser.add_argument("--hypotheses", help="file, one hypothesis per line")
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
    parser.add_argument("--model_dir", help="train's output_dir")
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
    from keras_seq2seq.data.lines import read_all

    references = [list(read_all(path)) for path in arguments.references]
    return _scored(
        arguments,
        list(read_all(arguments.hypotheses)),
        references[0] if len(references) == 1 else references,
    )


def _scored(arguments, hypotheses, references):
    from keras_seq2seq.metrics import metric_names, score

    for name in metric_names(arguments.metric):
        found = score(name, hypotheses, references, arguments.tokenize)
        yield {
            "metric": found.name,
            "value": found.value,
            "signature": found.signature,
        }


def _of_model(arguments):
    from keras_seq2seq.commands.tensorflow_start import start_tensorflow
    from keras_seq2seq.config.inference_flags import checked_pipeline

    pipeline = checked_pipeline(arguments.input_pipeline)
    start_tensorflow()
    from keras_seq2seq import inference, recipe
    from keras_seq2seq.metrics.corpus import as_sets
    from keras_seq2seq.run_files import read_run

    model = inference.load(
        arguments.model_dir,
        arguments.checkpoint,
        arguments.model_params,
        arguments.allow_import,
    )
    params = read_run(arguments.model_dir).config.model_params
    values = inference.evaluate(
        model,
        pipeline,
        params,
        arguments.batch_size,
        arguments.allow_import,
    )
    for name, value in values.items():
        yield {"metric": name, "value": value, "signature": "teacher forcing"}
    sources, references = recipe.texts(
        pipeline, allowed=arguments.allow_import, pair=model.tokenizers
    )
    found = model.generate(sources, batch_size=arguments.batch_size)
    texts = [each.text for each in found]
    yield from _scored(arguments, texts, as_sets(references))
