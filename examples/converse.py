"""Learns to reply from pairs of message and reply, then talks.

The directory --data_dir holds train.tsv: message, tab, reply, such as the
chit-chat data of the package chitchat-dataset. After training, each line of
standard input gets a reply; --sample draws it instead of taking the likeliest.
"""

import argparse
import sys
from pathlib import Path

import keras

from keras_seq2seq import callbacks, layers
from keras_seq2seq.data.parallel_text import ParallelText
from keras_seq2seq.data.tokenizer import load_tokenizer
from keras_seq2seq.data.tokenizer_training import train_tokenizer
from keras_seq2seq.search import BeamSearch
from keras_seq2seq.search import SamplingSearch as Sampling
from keras_seq2seq.zoo import AttentionSeq2Seq

parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
parser.add_argument("--data_dir", required=True, type=Path)
parser.add_argument("--output_dir", default="converse_run", type=Path)
parser.add_argument("--subwords", type=int, default=6000)
parser.add_argument("--epochs", type=int, default=6)
parser.add_argument("--sample", action="store_true", help="draw the replies")
arguments = parser.parse_args()
keras.utils.set_random_seed(1)

train, run = arguments.data_dir / "train.tsv", arguments.output_dir
size = arguments.subwords
pieces = train_tokenizer([train], "bpe", run / "pieces", size, columns=[0, 1])
pieces = load_tokenizer(pieces)
pairs = ParallelText(
    train,
    source_tokenizer=pieces,
    source_column=0,
    target_column=1,
    source_max_length=40,
    target_max_length=40,
)
encoder, decoder = (
    layers.RecurrentStack(layers.GRUCell(units), output_keep_prob=0.7)
    for units in (256, 512)
)
model = AttentionSeq2Seq(
    pieces.vocabulary_size,
    pieces.vocabulary_size,
    embedding_dim=256,
    encoder=layers.BidirectionalRNNEncoder(encoder),
    bridge=layers.InitialStateBridge(),
    decoder=layers.AttentionDecoder(decoder),
    share_embeddings="all",
    output_dropout=0.4,
    tokenizers=(pieces, pieces),
    max_source_length=40,
    max_target_length=30,
)
model.compile(keras.optimizers.Adam(1e-3))
bucketing = callbacks.Bucketing(pairs, batch_size=64, boundaries="auto:10")
saving = callbacks.CheckpointRetention(run, [bucketing])
saving.restore(model)
model.fit(
    bucketing.dataset,
    epochs=arguments.epochs,
    initial_epoch=bucketing.get_state()["epoch"],
    callbacks=[bucketing, callbacks.ProgressBar(), saving],
    shuffle=False,
    verbose=0,
)
likeliest, drawn = BeamSearch(5, 1.0), Sampling(temperature=0.8, seed=1)
for line in sys.stdin:
    search = drawn if arguments.sample else likeliest
    print(model.generate([line], search)[0].text, flush=True)
