"""Learns to write captions of photographs, and draws what it looked at.

The directory --data_dir holds images/, captions.tsv (a picture's name, TAB, a
caption; several lines per picture) and names of pictures in splits/train.txt
and splits/val.txt. docs/image_captioning.md tells of --weights.
"""

import argparse
from pathlib import Path

import keras

from keras_seq2seq import callbacks, layers
from keras_seq2seq.data.captioned_pictures import CaptionedPictures
from keras_seq2seq.data.captions import captions_of_tsv
from keras_seq2seq.data.feature_cache import load_or_compute
from keras_seq2seq.data.tokenizer import load_tokenizer
from keras_seq2seq.data.tokenizer_training import train_tokenizer
from keras_seq2seq.data.write_file import write_file
from keras_seq2seq.metrics import score
from keras_seq2seq.metrics.corpus import as_sets
from keras_seq2seq.search import BeamSearch
from keras_seq2seq.tasks import WriteGallery, running
from keras_seq2seq.zoo import Image2Seq

parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
parser.add_argument("--data_dir", required=True, type=Path)
parser.add_argument("--weights", help="of the network; without: random ones")
parser.add_argument("--output_dir", default="caption_run", type=Path)
parser.add_argument("--side", type=int, default=160, help="in pixels")
parser.add_argument("--epochs", type=int, default=10)
arguments = parser.parse_args()
keras.utils.set_random_seed(1)
run, side = arguments.output_dir, arguments.side


def captions(split):
    """Plain words of people, and the pictures that they are about."""
    files = (arguments.data_dir / "images", arguments.data_dir / "captions.tsv")
    names = arguments.data_dir / "splits" / f"{split}.txt"
    return captions_of_tsv(*files, split_file=names, normalize=True)


train, val = captions("train"), captions("val")
text = write_file(run / "train.txt", "\n".join(train.texts) + "\n")
words = load_tokenizer(train_tokenizer(text, "word", run / "words.txt"))
cell = layers.RecurrentStack(layers.LSTMCell(512))
model = Image2Seq(
    words.vocabulary_size,
    embedding_dim=256,
    encoder=layers.ImageEncoder(
        "EfficientNetLite0", arguments.weights, side, side, units=512
    ),
    bridge=layers.InitialStateBridge(activation="tanh"),
    decoder=layers.AttentionDecoder(cell),
    tokenizers=(None, words),
    max_target_length=30,
)
model.compile(keras.optimizers.Adam(1e-3))
pairs = CaptionedPictures(train, words, side, side, max_length=30)
network = (model.encoder.fingerprint(), model.encoder.feature_shape)
read = model.generator.features
pairs.features = load_or_compute(train.pictures, read, *network)
bucketing = callbacks.Bucketing(pairs, batch_size=64, boundaries="auto:4")
model.fit(
    bucketing.dataset,
    epochs=arguments.epochs,
    callbacks=[bucketing, callbacks.ProgressBar()],
    shuffle=False,
    verbose=0,
)
search = BeamSearch(5, 0.7, with_attention=True)
found = model.generate(list(val.pictures), search)
references = dict(zip(val.pictures, val.by_picture(), strict=True))
with running(WriteGallery(run / "val.html", references), model, search) as page:
    list(map(page, found[:100]))
texts = [each.text for each in found]
print(score("bleu_4", texts, as_sets(list(references.values()))))
