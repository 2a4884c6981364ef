"""The models, each a subclassed `keras.Model`, and ensembles of them."""

from keras_seq2seq.zoo.attention_seq2seq import (
    AttentionSeq2Seq as AttentionSeq2Seq,
)
from keras_seq2seq.zoo.basic_seq2seq import BasicSeq2Seq as BasicSeq2Seq
from keras_seq2seq.zoo.conv_s2s import ConvS2S as ConvS2S
from keras_seq2seq.zoo.ensemble import Ensemble as Ensemble
from keras_seq2seq.zoo.generated import Generation as Generation
from keras_seq2seq.zoo.image2seq import Image2Seq as Image2Seq
