"""`keras-seq2seq records`."""

import sys

from keras_seq2seq.commands.whole_number import non_negative, positive


def add_arguments(parser):
    """Adds the flags: text to write, or files to show."""
    parser.add_argument(
        "--source", nargs="+", help="text files or globs, one source per line"
    )
    parser.add_argument(
        "--target",
        nargs="+",
        help="the targets, line by line; default: --target_column of --source",
    )
    parser.add_argument(
        "--source_column", type=non_negative, help="of a TSV, from 0"
    )
    parser.add_argument(
        "--target_column", type=non_negative, help="of a TSV, from 0"
    )
    parser.add_argument(
        "--output",
        help="file to write; with gzip if it ends in .gz, but for --captions",
    )
    parser.add_argument(
        "--shards",
        type=positive,
        default=1,
        help="write so many files, OUTPUT-00000-of-0000N, ...",
    )
    parser.add_argument(
        "--gzip",
        action="store_true",
        help="compress text, whatever the suffix",
    )
    parser.add_argument(
        "--show", nargs="+", metavar="FILE", help="print source<TAB>target"
    )
    parser.add_argument(
        "--captions",
        nargs="+",
        help="TSV files or globs: write their captions with their pictures",
    )
    parser.add_argument(
        "--image_dir", help="folder of the pictures of --captions or --unpack"
    )
    parser.add_argument(
        "--image_column", type=non_negative, default=0, help="of the TSV"
    )
    parser.add_argument(
        "--caption_column", type=non_negative, default=1, help="of the TSV"
    )
    parser.add_argument(
        "--split_file", help="names of pictures, one per line; default: all"
    )
    parser.add_argument(
        "--vocab", help="vocabulary of words: write the captions' ids, too"
    )
    parser.add_argument(
        "--unpack",
        nargs="+",
        metavar="FILE",
        help="write the pictures in these files to --image_dir and their "
        "captions to --output, a TSV",
    )
    parser.add_argument("--source_field", default="source", help="a feature")
    parser.add_argument("--target_field", default="target", help="a feature")


def run(arguments):
    """Writes TFRecords, or prints the pairs in them."""
    from keras_seq2seq.errors import UserError

    if arguments.captions or arguments.unpack:
        _pictures(arguments)
        return
    writes = arguments.source and arguments.output
    if bool(writes) == bool(arguments.show):
        raise UserError(
            "give either --source FILE --target FILE --output FILE, or --show "
            "FILE, or --captions FILE --image_dir FOLDER --output FILE, or "
            "--unpack FILE --image_dir FOLDER --output FILE."
        )
    if arguments.source_field == arguments.target_field:
        raise UserError(
            "--source_field and --target_field must differ. Received: "
            f"{arguments.source_field} twice."
        )
    if arguments.show:
        _show(arguments)
    else:
        _write(arguments)


def _pictures(arguments):
    """Pictures with captions: a folder to records, or records to a folder."""
    from keras_seq2seq.errors import UserError

    others = (arguments.source, arguments.target, arguments.show)
    if any(others) or bool(arguments.captions) == bool(arguments.unpack):
        raise UserError(
            "give --captions or --unpack, and no --source, --target or --show."
        )
    if not (arguments.image_dir and arguments.output):
        raise UserError("--captions and --unpack need --image_dir and --output")
    if arguments.captions:
        _pack(arguments)
    else:
        _unpack(arguments)


def _pack(arguments):
    from keras_seq2seq.data.caption_records import write_caption_records
    from keras_seq2seq.data.captions import captions_of_tsv
    from keras_seq2seq.data.picture_check import readable
    from keras_seq2seq.data.records import GZIP_SUFFIXES
    from keras_seq2seq.data.tokenizer import load_tokenizer
    from keras_seq2seq.errors import UserError

    if arguments.gzip or arguments.output.lower().endswith(GZIP_SUFFIXES):
        raise UserError(
            "records of pictures must not be compressed: training reads a "
            "picture from its place in the file. Leave out --gzip, and .gz at "
            f"the end of --output. Received: --output {arguments.output}"
        )
    captions = readable(
        captions_of_tsv(
            arguments.image_dir,
            arguments.captions,
            arguments.image_column,
            arguments.caption_column,
            arguments.split_file,
        )
    )
    for line in captions.told():
        print(line, file=sys.stderr)
    if arguments.shards > len(captions):
        raise UserError(
            f"--shards must be at most {len(captions)}, the number of "
            f"captions. Received: {arguments.shards}"
        )
    tokenizer = arguments.vocab and load_tokenizer(arguments.vocab)
    paths = write_caption_records(
        arguments.output, captions, arguments.shards, tokenizer or None
    )
    for path in paths:
        print(f"Written: {path}", file=sys.stderr)


def _unpack(arguments):
    from keras_seq2seq.data.caption_records import unpack
    from keras_seq2seq.data.captions import captions_of_records

    captions = captions_of_records(arguments.unpack)
    count = unpack(captions, arguments.image_dir, arguments.output)
    print(f"Written: {arguments.output}, {count} pictures", file=sys.stderr)


def _write(arguments):
    from keras_seq2seq.data.file_pairs import FilePairs
    from keras_seq2seq.data.lines import LineReader
    from keras_seq2seq.data.records import write_records
    from keras_seq2seq.data.text_source import TextSource
    from keras_seq2seq.errors import UserError

    if not arguments.target and arguments.target_column is None:
        raise UserError("give --target FILE, or --target_column of --source.")
    columns = (arguments.source_column, arguments.target_column)
    files = (arguments.source, arguments.target or arguments.source)
    pairs = FilePairs(
        *(
            TextSource.open(paths, LineReader(column))
            for paths, column in zip(files, columns, strict=True)
        )
    )
    count = sum(1 for _ in pairs)  # and sides of unequal length are refused
    if arguments.shards > count:
        raise UserError(
            f"--shards must be at most {count}, the number of pairs. "
            f"Received: {arguments.shards}"
        )
    paths = write_records(
        arguments.output,
        pairs,
        count,
        arguments.shards,
        (arguments.source_field, arguments.target_field),
        arguments.gzip or None,
    )
    for path in paths:
        print(f"Written: {path}", file=sys.stderr)


def _show(arguments):
    from keras_seq2seq.data.file_pairs import FilePairs

    pairs = FilePairs.of_records(
        arguments.show,
        arguments.source_field,
        arguments.target_field,
        "gzip" if arguments.gzip else "auto",
    )
    for pair in pairs:
        sys.stdout.write("\t".join(map(_on_one_line, pair)) + "\n")
    sys.stdout.flush()


def _on_one_line(text):
    """Text whose own TABs and line ends do not end what is printed."""
    for mark, shown in (("\t", "\\t"), ("\n", "\\n"), ("\r", "\\r")):
        text = text.replace(mark, shown)
    return text
