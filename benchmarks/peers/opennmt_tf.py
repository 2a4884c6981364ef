"""Trains OpenNMT-tf's model of the same sizes; prints its speed as JSON.

opennmt_tf.py DATA UPDATES THREADS
"""

import json
import shutil
import sys
import time

import opennmt
import tensorflow as tf
import tensorflow_addons as tfa
from opennmt import training

WARMUP = 10


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


def settings(data):
    """The run's configuration."""
    return {
        "model_dir": "opennmt_tf_run",
        "data": {
            "train_features_file": f"{data}/train.en",
            "train_labels_file": f"{data}/train.de",
            "source_vocabulary": f"{data}/vocab.en.onmt",
            "target_vocabulary": f"{data}/vocab.de.onmt",
        },
        "params": {"optimizer": "Adam", "learning_rate": 0.001},
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
        },
    }


def main():
    """Trains with a clock around the toolkit's own steps."""
    data, updates, threads = sys.argv[1], *map(int, sys.argv[2:])
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(threads)
    counted = [0]
    group = training._group_batches
    steps = training.Trainer._steps

    def counting(dataset, accumulation):
        for batches in group(dataset, accumulation):
            for _, labels in batches:
                counted[0] += int(tf.reduce_sum(labels["length"]))
            yield batches

    def timed(self, dataset, accum_steps=1):
        for count, loss in enumerate(steps(self, dataset, accum_steps), 1):
            if count == WARMUP:
                began, before = time.perf_counter(), counted[0]
            yield loss
            if count == WARMUP + updates:
                seconds = time.perf_counter() - began
                speed = (counted[0] - before) / seconds
                self.result = {
                    "tokens_per_second": round(speed, 1),
                    "parameters": self._model.count_params(),
                }
                print(json.dumps(self.result), flush=True)
                return

    training._group_batches = counting
    training.Trainer._steps = timed
    shutil.rmtree("opennmt_tf_run", ignore_errors=True)
    opennmt.Runner(build(), settings(data)).train()


if __name__ == "__main__":
    main()
