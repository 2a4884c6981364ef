import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from keras_seq2seq.config.yaml_reader import parse, parse_json, read
from keras_seq2seq.errors import UserError


def value_of(text):
    return parse(text, "x.yml")[0]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-4", 1e-4),
        ("1e9", 1e9),
        ("1.0e-4", 1e-4),
        ("0.0000008", 8e-7),
        ("-3", -3),
        ("010", 10),
        ("1_000", 1000),
        ("10,20,30", "10,20,30"),
        ("1:30", "1:30"),
        ("2017-04-17", "2017-04-17"),
        ("=", "="),
        ("true", True),
        ("null", None),
        ("", None),
        ("/a/b", "/a/b"),
        ('{"a": [1, {"b": null}]}', {"a": [1, {"b": None}]}),
    ],
)
def test_scalars_mean_what_they_look_like(text, value):
    result = value_of(text)
    assert result == value
    assert type(result) is type(value)


def test_json_with_tabs_is_read():
    assert value_of('{\n\t"a": 1\n}') == {"a": 1}


def test_merge_keys_take_a_list_of_mappings():
    text = "a: &a\n- {x: 1}\n- {y: 2, x: 3}\nb: {<<: *a, z: 4}\n"
    assert value_of(text)["b"] == {"x": 1, "y": 2, "z": 4}


def test_own_keys_win_over_merged_ones():
    assert value_of("a: &a {x: 1}\nb: {<<: *a, x: 2}")["b"] == {"x": 2}


def test_anchor_carriers_are_reported():
    text = "a: &a {x: 1}\nb: {x: 2}\nc: &c 5\nd: [*a, *c]"
    assert parse(text, "x.yml")[1] == {"a"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\nb: 2\na: 3", r"x\.yml:3: has key 'a' twice, first in line 1"),
        ("a: {b: 1, b: 1}", r"x\.yml:1: has key 'b' twice"),
        ("{a: 1", r"x\.yml:1: is not YAML"),
        ("a: 1\n--- \nb: 2", "is not YAML"),
        ("a: !!python/object:os.system {}", "is not YAML"),
        ("!!bool maybe", "does not fit its !!tag"),
        ("!!timestamp 5", "does not fit its !!tag"),
        ("!!binary aGk=", "must be text.*bytes"),
        ("a: &a [*a]", "alias inside its own anchor"),
        ("? [1, 2]\n: 3", "key that is not text"),
        ("1: 2", "keys must be text"),
        (".nan", "finite"),
        ("1e999", "finite"),
        ("9" * 30, "finite"),
        ('"\\ud800"', "must be text"),
        ("[" * 60 + "]" * 60, "nested too deeply"),
        ("[" * 5000 + "]" * 5000, "nested too deeply"),
        ("a" * 4_000_001, "too big"),
    ],
)
def test_what_is_refused_says_why(text, message):
    with pytest.raises(UserError, match=message):
        value_of(text)


def test_aliases_that_multiply_are_refused():
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [
        f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 9)
    ]
    with pytest.raises(UserError, match="more than 100000 values"):
        value_of("\n".join(lines))


def test_a_file_that_is_not_utf8_names_the_line(tmp_path):
    path = tmp_path / "x.yml"
    path.write_bytes(b"a: 1\nb: \xff\n")
    with pytest.raises(UserError, match=r"x\.yml:2: must be UTF-8.*0xff"):
        read(str(path))


def test_a_byte_order_mark_is_ignored(tmp_path):
    path = tmp_path / "x.yml"
    path.write_bytes(b"\xef\xbb\xbfa: 1\r\n")
    assert read(str(path))[0] == {"a": 1}


def test_a_directory_is_refused(tmp_path):
    with pytest.raises(UserError, match="can not be read"):
        read(str(tmp_path))


def test_stored_text_keeps_line_separators():
    assert parse_json('{"a": "x\u2028y"}', "x") == {"a": "x\u2028y"}


@pytest.mark.parametrize(
    "text", ["{", "", "NaN", '{"a": 1, "a": 2}', "[1e999]"]
)
def test_json_is_strict(text):
    with pytest.raises(UserError):
        parse_json(text, "x.json")


@given(st.text())
@example("!!int ''")
@example("!!float ''")
@example("!!set {a}")
@example("<<: 5")
@example("%YAML 9.9\n---\na")
@example("&a\n*a: b")
def test_random_text_raises_nothing_but_user_errors(text):
    try:
        parse(text, "x")
    except UserError:
        pass


@given(st.text(alphabet="{}[]:,-&*!<>|'\"\n\t #?%@`a1.e+~="))
def test_random_punctuation_raises_nothing_but_user_errors(text):
    try:
        parse(text, "x")
    except UserError:
        pass
