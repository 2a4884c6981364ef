import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from keras_seq2seq.checkpoint.variable_names import weight_names
from keras_seq2seq.data.delimiter_tokenizer import DelimiterTokenizer
from keras_seq2seq.data.feature_cache import FeatureTable
from keras_seq2seq.data.picture_store import ListedPictures
from keras_seq2seq.data.pictures import PictureError
from keras_seq2seq.data.vocabulary import Vocabulary
from keras_seq2seq.layers import (
    AdditiveAttention,
    AttentionDecoder,
    GRUCell,
    ImageEncoder,
    InitialStateBridge,
    RecurrentStack,
)
from keras_seq2seq.search import BeamSearch
from keras_seq2seq.zoo import Image2Seq, image2seq
from tests.contracts import (
    array,
    assert_close,
    check_model_config,
    check_stepping,
    randomise,
)
from tests.zoo.tiny_models import TARGET_SIZE, B, T, batch, step

CELLS, DEPTH, SIDE = 4, 3, 8
WORDS = DelimiterTokenizer(Vocabulary("abcdefghi"))


def network():
    """A map of two by two cells: means of quarters."""
    inputs = keras.Input((SIDE, SIDE, 3))
    x = keras.layers.Rescaling(1 / 64)(inputs)
    return keras.Model(inputs, keras.layers.AveragePooling2D(4)(x))


def unnamed():
    """An encoder whose layers are numbered as a process makes them."""
    inputs = keras.Input((SIDE, SIDE, 3))
    x = keras.layers.Conv2D(4, 3, 2)(inputs)
    x = keras.layers.BatchNormalization()(x)
    x = keras.layers.Conv2D(4, 2)(keras.layers.Activation("relu")(x))
    return ImageEncoder(keras.Model(inputs, x), None, SIDE, SIDE)


def image_model(pool=False, **options):
    encoder = ImageEncoder(network(), None, SIDE, SIDE, units=5, pool=pool)
    defaults = {
        "encoder": encoder,
        "attention": AdditiveAttention(7),
        "bridge": InitialStateBridge(),
        "decoder": AttentionDecoder(RecurrentStack(GRUCell(6))),
        "tokenizers": (None, WORDS),
        "max_target_length": 6,
    }
    model = Image2Seq(TARGET_SIZE, 7, **{**defaults, **options})
    return randomise(model)


def inputs():
    (given, labels, weights), random = batch(), np.random.default_rng(2)
    images = random.integers(0, 256, (B, SIDE, SIDE, 3), "uint8")
    return {"image": images, "target": given["target"]}, labels, weights


@pytest.fixture(scope="module")
def model():
    return image_model()


@pytest.fixture
def folder(tmp_path):
    for index in range(3):
        pixels = np.full((20, 30, 3), 90 * index, "uint8")
        Image.fromarray(pixels).save(tmp_path / f"{index}.png")
    return tmp_path


def test_contract(model):
    given, _, _ = inputs()
    features = np.asarray(model.encoder.features(given["image"]))
    check_stepping(model, {"features": features, "target": given["target"]})
    check_model_config(model, given)


def test_features_stand_for_pictures(model):
    given, _, _ = inputs()
    features = np.asarray(model.encoder.features(given["image"]))
    cached = {"features": features, "target": given["target"]}
    assert_close(model(cached), model(given), 1e-6)


def test_defaults_are_the_documented_ones(monkeypatch):
    small = ImageEncoder(network(), None, SIDE, SIDE)
    monkeypatch.setattr(image2seq, "InceptionV3Encoder", lambda: small)
    model = Image2Seq(TARGET_SIZE)
    assert model.encoder is small
    assert model.embedding_dim == 100
    assert model.attention.units == 128
    assert not model.decoder.input_feeding
    assert model.embed_source is None
    assert model.encoder.frozen


def test_pictures_matter_and_the_frozen_network_stays(model):
    given, labels, weights = inputs()
    other = {**given, "image": given["image"][::-1]}
    assert np.abs(np.asarray(model(given)) - np.asarray(model(other))).max() > 0
    model.compile(keras.optimizers.SGD(0.1))
    assert step(model, (given, labels, weights))["loss"] > 0


def test_training_lowers_the_loss():
    model = image_model()
    model.compile(keras.optimizers.Adam(0.02))
    given, labels, weights = inputs()
    features = np.asarray(model.encoder.features(given["image"]))
    given = {"features": features, "target": given["target"]}
    data = tf.data.Dataset.from_tensors((given, labels, weights))
    found = model.fit(
        data.repeat(), epochs=20, steps_per_epoch=1, verbose=0, shuffle=False
    )
    losses = found.history["loss"]
    assert losses[-1] < losses[0] / 2


def test_without_choice_attention_is_one(model):
    pooled = image_model(pool=True)
    count = sum(np.prod(v.shape) for v in model.trainable_variables)
    assert count == sum(np.prod(v.shape) for v in pooled.trainable_variables)
    given, _, _ = inputs()
    memory, carry = pooled.encode(given)
    _, _, weights = pooled.step(given["target"][:, :1], memory, carry)
    assert_close(weights, np.ones((B, 1, 1)))


def test_captions_of_files_bytes_and_arrays_agree(model, folder):
    paths = [str(folder / f"{i}.png") for i in range(3)]
    expected = [each.text for each in model.generate(paths)]
    encoded = [(folder / f"{i}.png").read_bytes() for i in range(3)]
    arrays = [np.full((20, 30, 3), 90 * i, "uint8") for i in range(3)]
    assert [each.text for each in model.generate(encoded)] == expected
    assert [each.text for each in model.generate(arrays)] == expected
    assert [x.text for x in model.generate(paths, batch_size=1)] == expected


def test_a_generation_tells_which_picture_and_where_it_looked(model, folder):
    path = str(folder / "2.png")
    search = BeamSearch(3, n_best=2, with_attention=True)
    (found,) = model.generate([path], search)
    assert found.picture == (path, path, (2, 2))
    assert found.source_tokens == ("1,1", "1,2", "2,1", "2,2")
    assert found.attention.shape == (len(found.tokens), CELLS)
    assert_close(found.attention.sum(-1), np.ones(len(found.tokens)))
    assert len(found.alternatives) == 1


def test_a_bad_picture_leaves_the_others_alone(model, folder, caplog):
    (folder / "bad.png").write_bytes(b"no picture")
    paths = [str(folder / n) for n in ("0.png", "bad.png", "1.png")] + [""]
    found = model.generate(paths)
    alone = model.generate([paths[0], paths[2]])
    texts = [each.text for each in found]
    assert texts == [alone[0].text, "", alone[1].text, ""]
    assert "bad.png" in caplog.text
    model.generator.strict = True
    try:
        with pytest.raises(PictureError, match="bad.png"):
            model.generate(paths)
    finally:
        model.generator.strict = False


def test_names_of_variables_do_not_depend_on_the_process():
    made = [image_model(encoder=unnamed()) for _ in range(2)]
    names = [list(weight_names(model)) for model in made]
    assert names[0] == names[1]
    assert any(name.startswith("encoder/backbone/") for name in names[0])


def test_only_the_output_can_share_the_table():
    tied = image_model(share_embeddings="target_output")
    assert "to_logits/kernel" not in weight_names(tied)
    with pytest.raises(ValueError, match="one vocabulary"):
        image_model(share_embeddings="all")


def test_saving_and_loading(model, tmp_path):
    given, _, _ = inputs()
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert_close(loaded(given), model(given), 1e-6)


def test_targets_are_as_long_as_said(model):
    images = list(array(2, SIDE, SIDE, 3).clip(0, 1).astype("uint8"))
    assert all(len(x.tokens) <= 6 for x in model.generate(images))
    assert T > 1


def test_pairs_take_features_where_those_of_all_pictures_are_known(
    model, folder
):
    paths = [str(folder / f"{i}.png") for i in range(3)]
    table = FeatureTable(
        ListedPictures(paths[:2]), np.zeros((2, CELLS, DEPTH), "float16")
    )
    model.generator.known.append(table)
    try:
        known = model.generator.pairs([paths[1]] * 2, ["a", "b"])
        partly = model.generator.pairs(paths[1:], ["a", "b"])
    finally:
        model.generator.known.remove(table)
    assert known.features is table
    assert known.captions.owners.tolist() == [1, 1]
    assert partly.features is None and "image" in partly.input_specs
