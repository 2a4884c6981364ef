import pytest
from hypothesis import given
from hypothesis import strategies as st

from keras_seq2seq.config.hparams import parse
from keras_seq2seq.errors import UserError


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("a=1,b=x", {"a": 1, "b": "x"}),
        ("a=1,\n  b=x\n", {"a": 1, "b": "x"}),
        ("a=1\nb=x", {"a": 1, "b": "x"}),  # as an hparams.txt
        (" a = 1 , b = x ,", {"a": 1, "b": "x"}),
        ("a=", {"a": ""}),
        ("", {}),
        ("a: 1\nb: x", {"a": 1, "b": "x"}),
        ('{"a": 1, "b": {"c": [true]}}', {"a": 1, "b": {"c": [True]}}),
    ],
)
def test_pairs_yaml_and_json_are_read(text, values):
    assert parse(text, "--hparams") == values


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("128.00", 128),
        ("2.5", 2.5),
        ("1e-4", 0.0001),
        ("1e9", 10**9),
        ("true", True),
        ("True", True),
        ("FALSE", False),
        ("None", None),
        ("'a,b'", "a,b"),
        ('"x=1"', "x=1"),
        ("GRUCell", "GRUCell"),
        ("/a=b/c", "/a=b/c"),
        ("'unfinished", "'unfinished"),
    ],
)
def test_a_value_is_what_it_spells(text, value):
    found = parse(f"a={text},b=1", "--hparams")["a"]
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    "text",
    [
        '{"class":"A","n":1}',  # no blank behind the comma
        '{"class": "A", "n": 1}',
        '{"class": "A",\n "n": 1}',
        "{'class': 'A', 'n': 1}",
        "{class: A, n: 1}",
    ],
)
def test_a_mapping_may_have_commas_and_line_breaks(text):
    found = parse(f"x=1,s={text} ,y=2", "--hparams")
    assert found == {"x": 1, "s": {"class": "A", "n": 1}, "y": 2}


def test_brackets_inside_of_text_close_nothing():
    text = r'a={"b": "}\"{", "c": [{"d": "]"}]},e=1'
    assert parse(text, "--hparams") == {
        "a": {"b": '}"{', "c": [{"d": "]"}]},
        "e": 1,
    }


def test_text_settings_stay_text():
    found = parse("v=12,w=true", "--hparams", texts={"v", "w"})
    assert found == {"v": "12", "w": "true"}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a=1,b", "each part must be key=value. Received: 'b'"),
        ("a=1\nb: 2", "each part must be key=value. Received: 'b: 2'"),
        ("a=[1]2", "each part must be key=value. Received: '2'"),
        ("a=1,a=2", "has 'a' twice"),
        ("a={b", "a:1: is not YAML"),
        ("[1]", "must be key=value pairs such as"),
        ("word", "must be key=value pairs such as"),
        ("a=\ud800", "values must be text"),
        ("a=1e999", "finite numbers"),
    ],
)
def test_what_is_no_pair_is_told(text, told):
    with pytest.raises(UserError) as caught:
        parse(text, "--hparams")
    assert str(caught.value).startswith("--hparams: ")
    assert told in str(caught.value)


VALUES = st.one_of(
    st.integers(-(2**50), 2**50),
    st.booleans(),
    st.floats(allow_nan=False, allow_infinity=False, width=32),
    st.text("abcXYZ/._-", min_size=1).filter(
        lambda text: text.lower() not in ("true", "false", "none", "null")
    ),
)


@given(st.dictionaries(st.text("ab.", min_size=1), VALUES, min_size=1))
def test_written_pairs_come_back(values):
    text = ",".join(f"{key}={value}" for key, value in values.items())
    found = parse(text, "--hparams")
    assert found.keys() == values.keys()
    for key, value in values.items():
        assert found[key] == value or str(found[key]) == str(value)


@given(st.text())
def test_any_text_is_read_or_refused(text):
    try:
        assert isinstance(parse(text, "--hparams"), dict)
    except UserError as error:
        assert str(error).startswith("--hparams")
