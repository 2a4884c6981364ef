import pytest

from keras_seq2seq.config.google import class_name
from keras_seq2seq.errors import UserError


@pytest.mark.parametrize(
    ("historical", "role", "ours"),
    [
        ("seq2seq.models.AttentionSeq2Seq", "model", "AttentionSeq2Seq"),
        ("AttentionSeq2seq", "model", "AttentionSeq2Seq"),
        (
            "seq2seq.data.input_pipeline.TFRecordInputPipeline",
            "pipeline",
            "TFRecordInputPipeline",
        ),
        ("seq2seq.training.hooks.TrainSampleHook", "hook", "TrainSampleHook"),
        (
            "seq2seq.metrics.metric_specs.BleuMetricSpec",
            "metric",
            "BleuMetricSpec",
        ),
        ("seq2seq.tasks.DumpBeams", "task", "DumpBeams"),
        ("seq2seq.encoders.ConvEncoder", "encoder", "ConvEncoder"),
        ("BidirectionalRNNEncoder", "encoder", "BidirectionalRNNEncoder"),
        ("seq2seq.decoders.BasicDecoder", "decoder", "BasicDecoder"),
        (
            "seq2seq.decoders.attention.AttentionLayerDot",
            "attention",
            "DotAttention",
        ),
        ("AttentionLayerBahdanau", "attention", "AdditiveAttention"),
        ("seq2seq.models.bridges.ZeroBridge", "bridge", "ZeroBridge"),
        ("tensorflow.contrib.rnn.GRUCell", "cell", "GRUCell"),
        ("BasicLSTMCell", "cell", "LSTMCell"),
        ("tf.contrib.rnn.LayerNormBasicLSTMCell", "cell", "LayerNormLSTMCell"),
        ("tensorflow.nn.tanh", "activation", "tanh"),
        ("tensorflow.identity", "activation", "linear"),
        ("tensorflow.multiply", "combiner", "multiply"),
        ("RMSProp", "optimizer", "RMSprop"),
        ("adam", "optimizer", "Adam"),
        ("tf.train.GradientDescentOptimizer", "optimizer", "SGD"),
        ("seq2seq.data.postproc.strip_bpe", "postprocessing", "strip_bpe"),
    ],
)
def test_historical_names_become_ours(historical, role, ours):
    assert class_name(historical, role) == ours


@pytest.mark.parametrize(
    "path", ["my_package.encoders.MyEncoder", "tensorflow.mine.Encoder"]
)
def test_a_users_own_path_is_left_alone(path):
    assert class_name(path, "encoder") == path


def test_a_users_class_with_one_of_our_names_stays_the_users():
    path = "my_package.BidirectionalRNNEncoder"
    assert class_name(path, "encoder") == path


@pytest.mark.parametrize("name", ["ModelBase", "seq2seq.models.Seq2SeqModel"])
def test_abstract_models_are_refused_with_the_four_that_exist(name):
    with pytest.raises(UserError, match="abstract.*BasicSeq2Seq, Attention"):
        class_name(name, "model")


@pytest.mark.parametrize(
    "name",
    ["BidirectionlRNNEncoder", "seq2seq.encoders.BidirectionlRNNEncoder"],
)
def test_an_unknown_name_gets_the_nearest(name):
    with pytest.raises(UserError, match="mean BidirectionalRNNEncoder?"):
        class_name(name, "encoder")


@pytest.mark.parametrize("name", ["", ".", "a..b", "my package.X", "os/x.y"])
def test_what_is_no_path_is_refused(name):
    with pytest.raises(UserError):
        class_name(name, "encoder")
