"""Vocabularies as Sockeye and SageMaker write them: tokens to ids in JSON."""

import json

from keras_seq2seq.data.lines import one_file
from keras_seq2seq.data.vocabulary import Vocabulary
from keras_seq2seq.data.write_file import write_file
from keras_seq2seq.errors import UserError
from keras_seq2seq.tokens import SPECIAL_NAMES

EXPECTED = "expected " + ", ".join(
    f"{json.dumps(name)}: {number}" for number, name in enumerate(SPECIAL_NAMES)
)
ADVICE = "Write it with `keras-seq2seq sagemaker prepare`."


class JsonVocabulary(Vocabulary):
    """A `Vocabulary` whose file is one JSON object from token to id.

    The four specials stand in the file, and nothing else is reserved.

    Source:
        awslabs/sockeye, `vocab.py`; aws/amazon-sagemaker-examples,
        `create_vocab_proto.py`.
    """

    reserved = frozenset(SPECIAL_NAMES)
    suffix = ".json"

    def write(self, path):
        """Writes the object in the order of ids, UTF-8, indented by 4.

        Returns:
            The path.
        """
        names = enumerate((*SPECIAL_NAMES, *self.words))
        ids = {name: number for number, name in names}
        return write_file(path, json.dumps(ids, indent=4, ensure_ascii=False))

    @classmethod
    def read(cls, path):
        """Reads such a file, in whatever order its tokens stand.

        Raises:
            UserError: no such file, no JSON object from token to id, a token
                or an id that occurs twice, specials that are missing or have
                other ids, ids that are not 0 to V - 1.
        """
        path = one_file(path)
        try:
            found = json.loads(
                path.read_bytes().decode("utf-8-sig"),
                object_pairs_hook=lambda pairs: _distinct(path, pairs),
            )
        except UnicodeDecodeError as error:
            raise UserError(f"{path}: expected UTF-8. {error}.") from None
        except UserError:
            raise
        except (ValueError, RecursionError) as error:
            raise UserError(f"{path}: is not JSON: {error}") from None
        return cls(_ordered(path, found)[len(SPECIAL_NAMES) :])


def _distinct(path, pairs):
    """The object of pairs; a key that occurs twice is no token."""
    found = dict(pairs)
    if len(found) < len(pairs):
        seen = set()
        twice = next(k for k, _ in pairs if k in seen or seen.add(k))
        raise UserError(
            f"{path}: the token {twice!r} occurs twice. Every token has one id."
        )
    return found


def _ordered(path, found):
    """The tokens in the order of their ids."""
    if not isinstance(found, dict):
        raise UserError(
            f"{path}: expected one JSON object from token to id. Received: "
            f"{type(found).__name__}. {ADVICE}"
        )
    for token, number in found.items():
        if type(number) is not int:
            raise UserError(
                f"{path}: the token {token!r} must have a whole number as its "
                f"id. Received: {json.dumps(number)[:60]}"
            )
        _check_token(path, token)
    _check_specials(path, found)
    return _dense(path, found)


def _check_token(path, token):
    try:
        token.encode("utf-8")
    except UnicodeEncodeError:
        raise UserError(f"{path}: {token!r} is no Unicode text.") from None
    if not token or "\n" in token:
        raise UserError(
            f"{path}: a token must be neither empty nor hold a line end. "
            f"Received: {token!r}"
        )


def _check_specials(path, found):
    missing = [name for name in SPECIAL_NAMES if name not in found]
    if missing:
        raise UserError(
            f"{path}: special tokens are missing: {', '.join(missing)}; "
            f"{EXPECTED}. {ADVICE}"
        )
    wrong = [
        f"{name} has {found[name]}"
        for number, name in enumerate(SPECIAL_NAMES)
        if found[name] != number
    ]
    if wrong:
        raise UserError(
            f"{path}: special tokens have other ids: {EXPECTED}. Received: "
            f"{', '.join(wrong)}. The records were made with these ids, so "
            f"make both anew. {ADVICE}"
        )


def _dense(path, found):
    tokens = {}
    for token, number in found.items():
        if number in tokens:
            raise UserError(
                f"{path}: the id {number} is that of both {tokens[number]!r} "
                f"and {token!r}."
            )
        tokens[number] = token
    last = len(tokens) - 1
    outside = next((n for n in tokens if not 0 <= n <= last), None)
    if outside is not None:
        free = next(n for n in range(len(tokens)) if n not in tokens)
        raise UserError(
            f"{path}: ids must be 0 to {last}, one for each of the "
            f"{len(tokens)} tokens. Received: {outside} for "
            f"{tokens[outside]!r}, and none has {free}."
        )
    return [tokens[number] for number in range(len(tokens))]
