"""Sources as JSON objects, one a line, with keys that are passed on."""

import collections
import json

from keras_seq2seq.config.yaml_reader import parse_json
from keras_seq2seq.errors import UserError

TEXT = "text"
# Keys that mean something to Sockeye and that nothing here could heed.
REFUSED = ("factors", "constraints", "avoid", "restrict_lexicon")


class JsonLines:
    """Texts of JSON objects `{"text": ...}`; iterating gives them in order.

    A blank line is a blank text.

    Args:
        lines: iterable of str.
        where: str. What error messages call the lines' origin.
        keep: bool. If True, `passed` collects the objects, for who reads on.

    Attributes:
        passed: deque of dict. The objects of the texts given so far, with all
            their keys; whoever handles a text's result takes the first.

    Raises:
        UserError: while iterating, at a line that is no such object.
    """

    def __init__(self, lines, where="standard input", keep=True):
        self.lines = lines
        self.where = where
        self.keep = keep
        self.passed = collections.deque()

    def __iter__(self):
        for number, line in enumerate(self.lines, start=1):
            given = _parsed(line, f"{self.where}:{number}")
            if self.keep:
                self.passed.append(given)
            yield " ".join(given[TEXT].splitlines())


def _parsed(line, where):
    if not line.strip():
        return {TEXT: ""}
    given = parse_json(line, where)
    if not isinstance(given, dict) or not isinstance(given.get(TEXT), str):
        raise UserError(
            f'{where}: expected a JSON object such as {{"text": "a house"}}, '
            "other keys of which are passed on. Received: "
            + json.dumps(given, ensure_ascii=False)[:80]
        )
    found = [key for key in REFUSED if given.get(key)]
    if found:
        raise UserError(
            f"{where}: `{found[0]}` would be ignored: no line has its own. "
            "Leave it out, or give it another name to have it passed on."
        )
    return given
