"""`keras-seq2seq beam-viz`."""


def add_arguments(parser):
    """Adds the flags of google/seq2seq's `generate_beam_viz`."""
    parser.add_argument(
        "-d",
        "--data",
        required=True,
        metavar="FILE",
        help="what the task DumpBeams wrote, an .npz file",
    )
    parser.add_argument(
        "-o",
        "--output_dir",
        required=True,
        metavar="DIR",
        help="gets 000000.html, 000001.html, ..., one for each line",
    )
    parser.add_argument(
        "-v",
        "--vocab",
        metavar="FILE",
        help="the target's vocabulary or subword model, such as a run's "
        "vocab.target.txt; without it ids are shown",
    )


def run(arguments):
    """Writes one page for each line of the input."""
    from pathlib import Path

    from keras_seq2seq.data.tokenizer import load_tokenizer
    from keras_seq2seq.data.write_file import write_file
    from keras_seq2seq.errors import UserError
    from keras_seq2seq.views.beam_file import read_beams
    from keras_seq2seq.views.beam_tree import beam_page, beam_tree

    vocabulary = load_tokenizer(arguments.vocab) if arguments.vocab else None
    beams = read_beams(arguments.data)
    _check_vocabulary(vocabulary, beams, arguments)

    def label(word):
        return str(word) if vocabulary is None else vocabulary.pieces([word])[0]

    directory = Path(arguments.output_dir)
    for number, steps in enumerate(beams):
        try:
            nodes = beam_tree(steps, label, beams.end)
        except UserError as error:
            where = f"{arguments.data}: line {number + 1}"
            raise UserError(f"{where} is damaged: {error}.") from None
        page = beam_page(nodes, f"Line {number + 1}")
        write_file(directory / f"{number:06d}.html", page)


def _check_vocabulary(vocabulary, beams, arguments):
    """Refuses the vocabulary of another model."""
    from keras_seq2seq.errors import UserError

    if vocabulary is None or beams.largest < vocabulary.vocabulary_size:
        return
    raise UserError(
        f"{arguments.vocab}: expected the vocabulary of the target with which "
        f"{arguments.data} was written. Received: one of "
        f"{vocabulary.vocabulary_size} entries, specials included, for the id "
        f"{beams.largest}."
    )
