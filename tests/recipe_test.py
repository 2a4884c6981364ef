import types

import numpy as np

from keras_seq2seq import recipe
from keras_seq2seq.config.files import load
from keras_seq2seq.layers import TokenEmbedding


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
