"""The OpenNMT-tf model and settings that its benchmarks share."""

import opennmt
import tensorflow as tf
import tensorflow_addons as tfa


def build():
    """The model."""
    gru = tf.keras.layers.GRUCell
    return opennmt.models.SequenceToSequence(
        source_inputter=opennmt.inputters.WordEmbedder(embedding_size=256),
        target_inputter=opennmt.inputters.WordEmbedder(embedding_size=256),
        encoder=opennmt.encoders.RNNEncoder(
            1, 256, bidirectional=True, dropout=0.2, cell_class=gru
        ),
        decoder=opennmt.decoders.AttentionalRNNDecoder(
            1,
            512,
            bridge_class=opennmt.layers.CopyBridge,
            attention_mechanism_class=tfa.seq2seq.LuongAttention,
            dropout=0.2,
            cell_class=gru,
        ),
    )


def settings(data, directory, train=None, **params):
    """A run's configuration.

    Args:
        data: directory of the prepared text.
        directory: where checkpoints go.
        train: mapping that changes the section `train`, or None.
        **params: what changes the section `params`.
    """
    return {
        "model_dir": directory,
        "data": {
            "train_features_file": f"{data}/train.en",
            "train_labels_file": f"{data}/train.de",
            "source_vocabulary": f"{data}/vocab.en.onmt",
            "target_vocabulary": f"{data}/vocab.de.onmt",
        },
        "params": {"optimizer": "Adam", "learning_rate": 0.001, **params},
        "train": {
            "batch_size": 64,
            "batch_type": "examples",
            "length_bucket_width": 2,
            "maximum_features_length": 100,
            "maximum_labels_length": 100,
            "save_checkpoints_steps": None,
            "save_summary_steps": 10**6,
            "max_step": 10**6,
            "sample_buffer_size": 29000,
            "keep_checkpoint_max": 1,
            **(train or {}),
        },
        "infer": {
            "batch_size": 64,
            "batch_type": "examples",
            "length_bucket_width": 1,
        },
    }


def use_threads(count):
    """Sets both thread pools."""
    tf.config.threading.set_intra_op_parallelism_threads(count)
    tf.config.threading.set_inter_op_parallelism_threads(count)
