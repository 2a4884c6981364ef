import pytest

from keras_seq2seq.tasks.postprocessing import (
    FUNCTIONS,
    decode_sentencepiece,
    slice_text,
    strip_bpe,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I li@@ ke tra@@ ins@@ .", "I like trains."),
        ("tra@@ in@@", "train"),
        ("is@@", "is"),
        ("me @ home", "me @ home"),
        ("", ""),
    ],
)
def test_subwords_with_at_signs_are_joined(text, expected):
    assert strip_bpe(text) == expected


def test_sentence_pieces_are_joined():
    assert (
        decode_sentencepiece("\u2581 I \u2581li ke \u2581it .") == "I like it."
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SEQUENCE_START a b SEQUENCE_END c", "a b"),
        ("a b SEQUENCE_END", "a b"),
        ("SEQUENCE_START a", "a"),
        ("a b", "a b"),
        ("SEQUENCE_START SEQUENCE_END", ""),
        ("SEQUENCE_START a SEQUENCE_START b", "a SEQUENCE_START b"),
        ("a SEQUENCE_END b SEQUENCE_START c", "a"),
    ],
)
def test_text_between_start_and_end_is_kept(text, expected):
    assert slice_text(text) == expected


def test_an_empty_mark_cuts_nothing_off():
    assert slice_text(" a b ", eos="", sos="") == "a b"


def test_every_function_has_its_historical_name():
    assert {"strip_bpe", "decode_sentencepiece", "slice_text"} <= set(FUNCTIONS)
