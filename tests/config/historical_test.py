"""The example configurations of google/seq2seq, by every value."""

import pytest

from keras_seq2seq.config import files

CELL = """
      rnn_cell:
        cell_class: {cell}
        cell_params: {{num_units: {units}}}
        dropout_input_keep_prob: 0.8
        dropout_output_keep_prob: 1.0
        num_layers: {layers}
"""
CONV = """
      attention_cnn.units: {units}
      attention_cnn.kernel_size: 3
      attention_cnn.layers: {attention}
      output_cnn.units: {output}
      output_cnn.kernel_size: 3
      output_cnn.layers: {layers}
      position_embeddings.enable: true
      position_embeddings.combiner_fn: tensorflow.multiply
      position_embeddings.num_positions: 52
"""
MODEL = """
model: AttentionSeq2Seq
model_params:
  attention.class: seq2seq.decoders.attention.{attention}
  attention.params: {{num_units: {units}}}
  bridge.class: seq2seq.models.bridges.ZeroBridge
  embedding.dim: {units}
  encoder.class: seq2seq.encoders.{encoder}
  encoder.params: {encoder_params}
  decoder.class: seq2seq.decoders.AttentionDecoder
  decoder.params: {decoder_params}
  optimizer.name: Adam
  optimizer.learning_rate: 0.0001
  {epsilon}
  source.max_seq_len: 50
  source.reverse: false
  target.max_seq_len: 50
"""


def rnn(cell, units, layers):
    return CELL.format(cell=cell, units=units, layers=layers)


def conv(units, attention, output, layers):
    return CONV.format(
        units=units, attention=attention, output=output, layers=layers
    )


EXAMPLES = {
    "nmt_small": (
        "AttentionLayerDot",
        128,
        rnn("GRUCell", 128, 1),
        rnn("GRUCell", 128, 1),
    ),
    "nmt_medium": (
        "AttentionLayerBahdanau",
        256,
        rnn("GRUCell", 256, 1),
        rnn("GRUCell", 256, 2),
    ),
    "nmt_large": (
        "AttentionLayerBahdanau",
        512,
        rnn("LSTMCell", 512, 2),
        rnn("LSTMCell", 512, 4),
    ),
    "nmt_conv": (
        "AttentionLayerBahdanau",
        512,
        conv(512, 15, 256, 5),
        rnn("LSTMCell", 512, 4),
    ),
    "nmt_conv_small": (
        "AttentionLayerBahdanau",
        128,
        conv(128, 6, 128, 3),
        rnn("GRUCell", 128, 1),
    ),
}


@pytest.fixture
def load(tmp_path):
    def load(text):
        path = tmp_path / "example.yml"
        path.write_text(text, encoding="utf-8")
        return files.load([path], complete=False)

    return load


@pytest.fixture
def example(load):
    def example(name):
        attention, units, encoder_params, decoder_params = EXAMPLES[name]
        convolves = "cnn" in encoder_params
        return load(
            MODEL.format(
                attention=attention,
                units=units,
                encoder="ConvEncoder"
                if convolves
                else "BidirectionalRNNEncoder",
                encoder_params=encoder_params,
                decoder_params=decoder_params,
                epsilon=""
                if convolves
                else "optimizer.params: {epsilon: 0.0000008}",
            )
        ).model_params

    return example


@pytest.mark.parametrize("name", EXAMPLES)
def test_common_values(example, name):
    params = example(name)
    assert params.embedding_dim == EXAMPLES[name][1]
    assert params.attention_params.num_units == EXAMPLES[name][1]
    assert params.optimizer_learning_rate == 1e-4
    assert params.source_reverse is False
    assert params.source_max_seq_len == params.target_max_seq_len == 50
    assert params.decoder_params.rnn_cell.dropout_input_keep_prob == 0.8


@pytest.mark.parametrize(
    ("name", "cell", "units", "encoder_layers", "decoder_layers"),
    [
        ("nmt_small", "GRUCell", 128, 1, 1),
        ("nmt_medium", "GRUCell", 256, 1, 2),
        ("nmt_large", "LSTMCell", 512, 2, 4),
    ],
)
def test_recurrent_values(
    example, name, cell, units, encoder_layers, decoder_layers
):
    params = example(name)
    stacks = (params.encoder_params.rnn_cell, params.decoder_params.rnn_cell)
    assert [stack.cell_class for stack in stacks] == [cell, cell]
    assert [s.cell_params.num_units for s in stacks] == [units, units]
    assert [s.num_layers for s in stacks] == [encoder_layers, decoder_layers]
    assert params.optimizer_params.epsilon == 8e-7


def test_the_small_example_attends_by_dot_products(example):
    assert example("nmt_small").attention_class == "DotAttention"
    assert example("nmt_medium").attention_class == "AdditiveAttention"


@pytest.mark.parametrize(
    ("name", "values"),
    [("nmt_conv", (512, 15, 256, 5)), ("nmt_conv_small", (128, 6, 128, 3))],
)
def test_convolutional_values(example, name, values):
    params = example(name).encoder_params
    assert values == (
        params.attention_units,
        params.attention_layers,
        params.output_units,
        params.output_layers,
    )
    assert params.embedding_dropout_keep_prob == 0.8
    assert params.position_combiner == "multiply"
    assert params.num_positions == 52


def test_training_example(load):
    config = load("""
buckets: 10,20,30,40
hooks:
  - class: PrintModelAnalysisHook
  - class: MetadataCaptureHook
  - class: SyncReplicasOptimizerHook
  - class: TrainSampleHook
    params:
      every_n_steps: 1000
""")
    assert config.buckets == (10, 20, 30, 40)
    assert config.hooks[1].params.step == 10
    assert config.hooks[3].params.every_n_steps == 1000


@pytest.mark.parametrize("function", ["strip_bpe", "decode_sentencepiece"])
def test_text_metrics_examples(load, function):
    kinds = [f"rouge_{n}/{s}_score" for n in "12" for s in "frp"]
    kinds.append("rouge_l/f_score")
    rouge = "".join(
        f"""
  - class: RougeMetricSpec
    params:
      <<: *default_params
      rouge_type: {kind}"""
        for kind in kinds
    )
    config = load(
        f"""
default_params: &default_params
  - {{separator: " "}}
  - {{postproc_fn: seq2seq.data.postproc.{function}}}

metrics:
  - class: LogPerplexityMetricSpec
  - class: BleuMetricSpec
    params:
      <<: *default_params{rouge}
"""
    )
    assert [one.params.rouge_type for one in config.metrics[2:]] == kinds
    assert {one.params.postproc_fn for one in config.metrics[1:]} == {function}
