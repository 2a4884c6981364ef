"""Small corpora for tests of the data part."""

from keras_seq2seq.data.delimiter_tokenizer import DelimiterTokenizer
from keras_seq2seq.data.parallel_text import ParallelText
from keras_seq2seq.data.vocabulary import Vocabulary


def words(text="a b c d e f g"):
    return DelimiterTokenizer(Vocabulary(text.split()))


def pairs(sources, targets, **options):
    return ParallelText.from_texts(
        sources, targets, source_tokenizer=words(), **options
    )


def graded(count, longest=7):
    """Pairs whose lengths cycle from 0; the target is one word longer."""
    lengths = [i % longest for i in range(count)]
    letters = "abcdefg"
    return pairs(
        [" ".join(letters[:n]) for n in lengths],
        [
            " ".join(letters[i % 3] for _ in range(n + 1))
            for i, n in enumerate(lengths)
        ],
    )


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def indices(cache):
    """Folders of a cache, without the locks beside them."""
    return [path for path in cache.iterdir() if path.is_dir()]
