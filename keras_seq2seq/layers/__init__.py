"""Reusable Keras layers: they know no file, no vocabulary and no search."""

from keras_seq2seq.layers.additive_attention import (
    AdditiveAttention as AdditiveAttention,
)
from keras_seq2seq.layers.attention import Attention as Attention
from keras_seq2seq.layers.attention import (
    ProjectedAttention as ProjectedAttention,
)
from keras_seq2seq.layers.attention_decoder import (
    AttentionDecoder as AttentionDecoder,
)
from keras_seq2seq.layers.basic_decoder import BasicDecoder as BasicDecoder
from keras_seq2seq.layers.basic_rnn_cell import BasicRNNCell as BasicRNNCell
from keras_seq2seq.layers.bidirectional_rnn_encoder import (
    BidirectionalRNNEncoder as BidirectionalRNNEncoder,
)
from keras_seq2seq.layers.bidirectional_rnn_encoder import (
    StackBidirectionalRNNEncoder as StackBidirectionalRNNEncoder,
)
from keras_seq2seq.layers.bilinear_attention import (
    BilinearAttention as BilinearAttention,
)
from keras_seq2seq.layers.bridges import ConcatInputBridge as ConcatInputBridge
from keras_seq2seq.layers.bridges import (
    EncoderOutputBridge as EncoderOutputBridge,
)
from keras_seq2seq.layers.bridges import (
    InitialStateBridge as InitialStateBridge,
)
from keras_seq2seq.layers.bridges import PassThroughBridge as PassThroughBridge
from keras_seq2seq.layers.bridges import ZeroBridge as ZeroBridge
from keras_seq2seq.layers.conv_encoder import ConvEncoder as ConvEncoder
from keras_seq2seq.layers.conv_s2s_decoder import (
    ConvS2SDecoder as ConvS2SDecoder,
)
from keras_seq2seq.layers.conv_s2s_encoder import (
    ConvS2SEncoder as ConvS2SEncoder,
)
from keras_seq2seq.layers.decoder import Decoder as Decoder
from keras_seq2seq.layers.dot_attention import DotAttention as DotAttention
from keras_seq2seq.layers.dot_attention import (
    ScaledDotAttention as ScaledDotAttention,
)
from keras_seq2seq.layers.efficientnet_lite import (
    EfficientNetLite0 as EfficientNetLite0,
)
from keras_seq2seq.layers.encoder_output import EncoderOutput as EncoderOutput
from keras_seq2seq.layers.fixed_attention import (
    FixedAttention as FixedAttention,
)
from keras_seq2seq.layers.gru_cell import GRUCell as GRUCell
from keras_seq2seq.layers.hybrid_rnn_encoder import (
    HybridRNNEncoder as HybridRNNEncoder,
)
from keras_seq2seq.layers.image_encoder import ImageEncoder as ImageEncoder
from keras_seq2seq.layers.image_encoder import (
    InceptionV3Encoder as InceptionV3Encoder,
)
from keras_seq2seq.layers.lstm_cell import LSTMCell as LSTMCell
from keras_seq2seq.layers.pooling_encoder import (
    PoolingEncoder as PoolingEncoder,
)
from keras_seq2seq.layers.position_embedding import (
    PositionEmbedding as PositionEmbedding,
)
from keras_seq2seq.layers.position_embedding import (
    SinusoidEmbedding as SinusoidEmbedding,
)
from keras_seq2seq.layers.position_encoding import (
    PositionEncoding as PositionEncoding,
)
from keras_seq2seq.layers.positioned_encoder import (
    PositionedEncoder as PositionedEncoder,
)
from keras_seq2seq.layers.recurrent_stack import (
    RecurrentStack as RecurrentStack,
)
from keras_seq2seq.layers.rnn_decoder import RNNDecoder as RNNDecoder
from keras_seq2seq.layers.rnn_encoder import RNNEncoder as RNNEncoder
from keras_seq2seq.layers.token_embedding import (
    TokenEmbedding as TokenEmbedding,
)
from keras_seq2seq.layers.unidirectional_rnn_encoder import (
    UnidirectionalRNNEncoder as UnidirectionalRNNEncoder,
)
from keras_seq2seq.layers.weight_norm_conv1d import (
    WeightNormConv1D as WeightNormConv1D,
)
from keras_seq2seq.layers.weight_norm_dense import (
    WeightNormDense as WeightNormDense,
)
