import types

import numpy as np
import pytest

from keras_seq2seq import recipe
from keras_seq2seq.config.files import load
from keras_seq2seq.config.inference_flags import checked_pipeline
from keras_seq2seq.data.delimiter_tokenizer import DelimiterTokenizer
from keras_seq2seq.data.example_proto import write_sequence_example
from keras_seq2seq.data.records import frame
from keras_seq2seq.data.vocabulary import Vocabulary
from keras_seq2seq.errors import UserError
from keras_seq2seq.layers import TokenEmbedding
from keras_seq2seq.search import GreedySearch


def test_a_subword_model_named_without_its_suffix_is_made_once(tmp_path):
    (tmp_path / "text").write_text("ab ba\nabba\n" * 9)
    prepared = {"output": "joint", "kind": "bpe", "size": 9}
    prepared["files"] = [str(tmp_path / "text")]
    config = load("", {"prepare": [prepared]}, complete=False)
    made = recipe.prepare(config, tmp_path)
    assert made == {"joint": tmp_path / "joint.model"}
    (tmp_path / "text").unlink()
    assert recipe.prepare(config, tmp_path) == made


@pytest.mark.parametrize("width", [-1, 0, 1])
def test_a_beam_width_of_one_or_less_is_greedy_search(width):
    params = {"inference.beam_search.beam_width": width}
    config = load("", {"model_params": params}, complete=False)
    assert isinstance(recipe.search(config.model_params), GreedySearch)


@pytest.fixture
def shared_words(tmp_path):
    """The tokenizers of a shared table, of two texts with words in them."""

    def read(source, target, share="source_target"):
        params = {"embedding.share": share}
        for side, text in (("source", source), ("target", target)):
            path = tmp_path / f"{side}.txt"
            path.write_text("".join(f"{word}\n" for word in text))
            params[f"vocab_{side}"] = str(path)
        config = load("", {"model_params": params}, complete=False)
        return recipe.tokenizers(config)

    return read


@pytest.mark.parametrize("share", ["source_target", "all"])
def test_a_shared_table_refuses_as_many_other_words(shared_words, share):
    told = "word 2 of vocab_source .*source.txt is 'b', of .*target.txt 'x'"
    with pytest.raises(UserError, match=told):
        shared_words("abc", "axc", share)


@pytest.mark.parametrize("share", ["none", "target_output"])
def test_tables_of_their_own_have_other_words(shared_words, share):
    assert len(shared_words("abc", "axc", share)) == 2


def test_a_shared_table_takes_two_files_of_the_same_words(shared_words):
    source, target = shared_words("abc", "abc")
    assert source.fingerprint == target.fingerprint


def test_the_start_tells_what_share_of_a_vocabulary_has_vectors(tmp_path):
    (tmp_path / "vocab").write_text("a\nb\nc\nd\n")
    (tmp_path / "vectors.txt").write_text("b 1 2\nzz 3 4\nd 5 6\n")
    params = {
        "vocab_source": str(tmp_path / "vocab"),
        "vocab_target": str(tmp_path / "vocab"),
        "embedding.source_file": str(tmp_path / "vectors.txt"),
    }
    config = load("", {"model_params": params}, complete=False)
    embedding = TokenEmbedding(8, 2)
    embedding.build()
    before = np.asarray(embedding.table).copy()
    built = types.SimpleNamespace(embed_source=embedding, embed_target=None)
    pair = recipe.tokenizers(config)
    (line,) = recipe.pretrained(built, config.model_params, pair)
    assert line.startswith("source vectors of 2 of 8 tokens (25.0%) from ")
    after = np.asarray(embedding.table)
    assert after[[5, 7]].tolist() == [[1, 2], [5, 6]]
    others = [0, 1, 2, 3, 4, 6]
    np.testing.assert_array_equal(after[others], before[others])


def test_a_captioner_reads_a_picture_of_ones_own_pairs_once(
    tmp_path, monkeypatch
):
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "own_captions.py").write_text(
        "def pairs():\n"
        "    return [('b.png', 'x'), ('a.png', 'y'), ('b.png', 'z')]\n"
    )
    pipeline = checked_pipeline("{class: own_captions.pairs}")
    tokenizers = (None, DelimiterTokenizer(Vocabulary("xyz")))
    given = (pipeline, ["own_captions"])
    found = list(recipe.source_lines(*given, tokenizers))
    assert found == ["b.png", "a.png"]
    assert list(recipe.source_lines(*given)) == ["b.png", "a.png", "b.png"]


def test_every_picture_of_a_split_is_to_be_captioned_in_its_order(tmp_path):
    for name in ("here.png", "mute.png", "other.png"):
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "tsv").write_text("other.png\ta\nhere.png\ta\nlost.png\ta\n")
    (tmp_path / "split").write_text("mute.png\nlost.png\n\n./here.png\n")
    params = {"image_dir": tmp_path, "captions_files": tmp_path / "tsv"}
    of_split = {**params, "split_file": tmp_path / "split"}
    for given, names in (
        (of_split, ["mute.png", "lost.png", "here.png"]),
        (params, ["other.png", "here.png", "lost.png"]),
    ):
        typed = ", ".join(f"{key}: {path}" for key, path in given.items())
        pipeline = checked_pipeline(
            "{class: ImageCaptionTSVInputPipeline, params: {" + typed + "}}"
        )
        found = list(recipe.source_lines(pipeline))
        assert found == [str(tmp_path / name) for name in names]


def test_what_records_have_no_picture_of_is_told_or_refused(tmp_path, caplog):
    words = {"image/caption": ["dog"]}
    contents = [
        write_sequence_example(context, words)
        for context in ({"image/data": b"x"}, {})
    ]
    (tmp_path / "r").write_bytes(frame(contents))
    pipeline = checked_pipeline(
        "{class: ImageCaptioningInputPipeline, params: "
        f"{{files: {tmp_path / 'r'}}}}}"
    )
    assert len(list(recipe.source_lines(pipeline))) == 1
    assert "r, record 2" in caplog.text
    with pytest.raises(UserError, match="strict: .*r, record 2"):
        list(recipe.source_lines(pipeline, strict=True))


def test_references_of_a_records_ids_are_normalised_if_asked_for(tmp_path):
    lists = {"image/caption_ids": [1, 2]}
    content = write_sequence_example({"image/data": b"x"}, lists)
    (tmp_path / "r").write_bytes(frame([content]))
    pipeline = checked_pipeline(
        "{class: ImageCaptioningInputPipeline, params: "
        f"{{files: {tmp_path / 'r'}, normalize: true}}}}"
    )
    words = DelimiterTokenizer(Vocabulary(["dog", "Dog", "."]))
    assert list(recipe.references(pipeline, words).values()) == [["dog"]]


OWN_PARTS = """
from keras_seq2seq import layers


class Encoder(layers.UnidirectionalRNNEncoder):
    def __init__(self, units):
        cell = layers.GRUCell(units)
        super().__init__(layers.RecurrentStack(cell))


class Decoder(layers.AttentionDecoder):
    def __init__(self, units):
        cell = layers.GRUCell(units)
        super().__init__(layers.RecurrentStack(cell))


class Attention(layers.AdditiveAttention):
    pass
"""


@pytest.fixture
def with_own_part(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "own_parts.py").write_text(OWN_PARTS)
    (tmp_path / "vocab").write_text("a\nb\n")

    def built(role, **params):
        given = {
            "vocab_source": str(tmp_path / "vocab"),
            "vocab_target": str(tmp_path / "vocab"),
            f"{role}.class": f"own_parts.{role.title()}",
            f"{role}.params": params,
        }
        flags = {"model": "AttentionSeq2Seq", "model_params": given}
        config = load("", flags, complete=False)
        pair = recipe.tokenizers(config)
        return recipe.model(config, pair, allowed=["own_parts"])

    return built


@pytest.mark.parametrize("role", ["encoder", "decoder"])
def test_a_recurrent_part_of_ones_own_gets_its_params(role, with_own_part):
    part = getattr(with_own_part(role, units=7), role)
    assert part.recurrence.cells[0].units == 7


@pytest.mark.parametrize("name", ["units", "num_units"])
def test_an_attention_of_ones_own_gets_its_params(name, with_own_part):
    assert with_own_part("attention", **{name: 7}).attention.units == 7


def test_params_that_a_part_of_ones_own_lacks_are_named(with_own_part):
    with pytest.raises(UserError, match="model_params: .*rnn_cell"):
        with_own_part("decoder", units=7, rnn_cell={})
