"""`keras-seq2seq prepare`."""

import sys

from keras_seq2seq.commands.whole_number import non_negative, positive

SIDES = ("source", "target")
MAX_LENGTH = 50  # as `source.max_seq_len` and `target.max_seq_len`


def add_arguments(parser):
    """Adds the flags."""
    for side in SIDES:
        parser.add_argument(
            f"--{side}",
            required=True,
            nargs="+",
            help=f"files or globs with the {side} texts",
        )
        parser.add_argument(
            f"--{side}_column",
            type=non_negative,
            help="0-based column of a TSV; default: whole lines",
        )
        parser.add_argument(
            f"--vocab_{side}",
            help="vocabulary or subword model; default: one is made of the "
            "text",
        )
        parser.add_argument(
            f"--{side}_max_seq_len",
            type=non_negative,
            default=MAX_LENGTH,
            help=f"tokens kept of a line; 0: all; default: {MAX_LENGTH}",
        )
    parser.add_argument("--output", required=True, help="directory to write")
    parser.add_argument(
        "--kind",
        default="word",
        help="of a vocabulary that is made: word, character, unigram, bpe, "
        "wordpiece or bytepair",
    )
    parser.add_argument(
        "--size",
        type=positive,
        help="its size, special tokens counted; default: all words",
    )
    parser.add_argument(
        "--min_frequency",
        type=non_negative,
        default=0,
        help="rarer words are left out of it",
    )
    parser.add_argument(
        "--shared_vocab",
        action="store_true",
        help="make one vocabulary of both sides",
    )
    parser.add_argument(
        "--no_append_end",
        action="store_true",
        help="sources do not end with END, as in SageMaker's models",
    )


def run(arguments):
    """Writes vocabularies, encoded pairs and a configuration."""
    from pathlib import Path

    from keras_seq2seq.data.lines import LineReader
    from keras_seq2seq.data.prepared_text import prepare_text
    from keras_seq2seq.data.text_source import TextSource
    from keras_seq2seq.data.write_file import write_file

    directory = Path(arguments.output)
    sources, targets = (
        TextSource.open(
            getattr(arguments, side),
            LineReader(getattr(arguments, f"{side}_column")),
        )
        for side in SIDES
    )
    lengths = [
        getattr(arguments, f"{side}_max_seq_len") or None for side in SIDES
    ]
    described = prepare_text(
        directory,
        sources,
        targets,
        _tokenizers(arguments),
        lengths,
        not arguments.no_append_end,
    )
    path = write_file(
        directory / "config.yml", _configuration(directory, described)
    )
    counts = described["statistics"]
    ratio = described["length_ratio"]
    for line in (
        f"Pairs: {counts['pairs']:,}",
        *(
            f"{side}: {counts[side]['tokens']:,} tokens, "
            f"{counts[side]['truncated_share']:.2%} cut off, "
            f"{counts[side]['unknown_share']:.2%} unknown, longest "
            f"{counts[side]['longest']}"
            for side in SIDES
        ),
        f"Target tokens per source token: {ratio['mean']:.3f} "
        f"(standard deviation {ratio['std']:.3f})",
        f"Written: {directory}. Train with --config_paths {path},MODEL.yml",
    ):
        print(line, file=sys.stderr)


def _tokenizers(arguments):
    """The pair of tokenizers, given or made of the text."""
    import tempfile
    from pathlib import Path

    from keras_seq2seq.data.tokenizer import load_tokenizer
    from keras_seq2seq.errors import UserError

    given = [getattr(arguments, f"vocab_{side}") for side in SIDES]
    if arguments.shared_vocab and any(given):
        raise UserError(
            "--shared_vocab makes a vocabulary, and one is given. Leave one of "
            "them out."
        )
    with tempfile.TemporaryDirectory() as scratch:
        if arguments.shared_vocab:
            given = [_made(arguments, SIDES, Path(scratch) / "shared")] * 2
        return tuple(
            load_tokenizer(
                path or _made(arguments, (side,), Path(scratch) / side),
                _delimiter(arguments),
            )
            for side, path in zip(SIDES, given, strict=True)
        )


def _delimiter(arguments):
    return "" if arguments.kind == "character" else " "


def _made(arguments, sides, path):
    from keras_seq2seq.data.tokenizer_training import train_tokenizer
    from keras_seq2seq.errors import UserError

    columns = {getattr(arguments, f"{side}_column") for side in sides}
    files = [set(getattr(arguments, side)) for side in sides]
    if len(columns) > 1 and (None in columns or files[0] != files[1]):
        raise UserError(
            "--shared_vocab reads the same columns of all files: give both "
            "columns of the same files, or a file of each side's text alone. "
            f"Received: --source_column {arguments.source_column} and "
            f"--target_column {arguments.target_column}"
        )
    return train_tokenizer(
        sorted(set().union(*files)),
        arguments.kind,
        path,
        size=arguments.size,
        min_frequency=arguments.min_frequency,
        delimiter=_delimiter(arguments),
        columns=None if columns == {None} else sorted(columns),
    )


def _configuration(directory, described):
    """YAML that names what was prepared, for `train --config_paths`."""
    from keras_seq2seq.config.yaml_writer import flow

    absolute = directory.resolve()
    params = {"directory": str(absolute)}
    model_params = {"source.append_end": described["append_end"]}
    for side in SIDES:
        own = described[side]
        model_params |= {
            f"vocab_{side}": str(absolute / own["vocabulary"]),
            f"{side}.max_seq_len": own["max_length"],
        }
        params[f"{side}_delimiter"] = own["options"].get("delimiter", " ")
    pipeline = {"class": "PreparedInputPipeline", "params": params}
    return (
        f"model_params: {flow(model_params)}\n"
        f"input_pipeline_train: {flow(pipeline)}\n"
    )
