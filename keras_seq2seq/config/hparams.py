"""The text of `--hparams`: `key=value,key=value`, YAML or JSON."""

import re

from keras_seq2seq.config import yaml_reader
from keras_seq2seq.config.values import NUMBER, received
from keras_seq2seq.errors import UserError

PAIR = re.compile(r"\s*(?P<key>(?!#)[^\s=:,{}\[\]\"']+)\s*=")
WORDS = {"true": True, "false": False, "none": None, "null": None}
PARTNERS = {"{": "}", "[": "]"}
TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|\'[^\']*\'|[{}\[\]]', re.DOTALL)
SEPARATOR = re.compile(r"[,\n]")
BETWEEN = re.compile(r"[\s,]*")
BLANKS = re.compile(r"[ \t\r]*")
EXAMPLE = "embedding.dim=256,optimizer.name=Adam"


def parse(text, name, texts=()):
    """Plain values out of the old flag's text.

    Pairs are separated by commas or line breaks; a value in braces or
    brackets is YAML, which JSON is, too. Numbers, `true` and `false` in any
    case are read as such, unless the key's value is text.

    Args:
        text: as typed, or the content of an `hparams.txt`.
        name: text. What it is called in errors: a flag or a file.
        texts: container of the keys whose value is text whatever it spells.

    Returns:
        dict.

    Raises:
        UserError: neither pairs nor YAML, or a key that is given twice.
    """
    if not PAIR.match(text):
        return _mapping(text, name)
    values = {}
    for key, value in _pairs(text, name):
        if key in values:
            raise UserError(f"{name}: has {key!r} twice. Keep one")
        values[key] = value if key in texts else _value(value, f"{name}: {key}")
    yaml_reader.check(values, name)
    return values


def _mapping(text, name):
    values, _ = yaml_reader.parse(text, name)
    if values is None:
        return {}
    if not isinstance(values, dict):
        raise UserError(
            f"{name}: must be key=value pairs such as {EXAMPLE}, or a YAML "
            f"mapping. Received: {received(values)}"
        )
    return values


def _pairs(text, name):
    """Keys and the text of their values."""
    end = BETWEEN.match(text).end()
    while end < len(text):
        pair = PAIR.match(text, end)
        if pair is None:
            raise _no_pair(text, end, name)
        end = _end_of_value(text, pair.end())
        yield pair["key"], text[pair.end() : end].strip()
        if text[end : end + 1] not in ("", ",", "\n"):
            raise _no_pair(text, end, name)
        end = BETWEEN.match(text, end).end()


def _no_pair(text, start, name):
    part = SEPARATOR.split(text[start : start + 1000], maxsplit=1)[0].strip()
    return UserError(
        f"{name}: each part must be key=value. Received: {received(part)}"
    )


def _end_of_value(text, start):
    """Where the comma or line break is that ends a value."""
    begin = BLANKS.match(text, start).end()
    token = TOKEN.match(text, begin)
    if token and token[0] not in "}]":
        end = _end_of_group(text, begin) if len(token[0]) == 1 else token.end()
        return BLANKS.match(text, end).end()
    found = SEPARATOR.search(text, start)
    return found.start() if found else len(text)


def _end_of_group(text, start):
    """Just behind the bracket that belongs to the one at `start`.

    The end of the text if there is none: YAML's reader says what is wrong.
    """
    waiting = []
    for token in TOKEN.finditer(text, start):
        if token[0] in PARTNERS:
            waiting.append(PARTNERS[token[0]])
        elif waiting and token[0] == waiting[-1]:
            waiting.pop()
            if not waiting:
                return token.end()
    return len(text)


def _value(text, name):
    if text[:1] in PARTNERS or TOKEN.fullmatch(text):
        return yaml_reader.parse(text, name)[0]
    if text.lower() in WORDS:
        return WORDS[text.lower()]
    if NUMBER.match(text):
        return _number(text)
    return text


def _number(text):
    """An integer where the number is one: `128.00` was a width of 128."""
    number = float(text)
    whole = number.is_integer() and abs(number) < 2**53
    return int(number) if whole else number
