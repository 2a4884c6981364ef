"""What Keras's optimizers lack."""

from keras_seq2seq.optimizers.adam import Adam as Adam
from keras_seq2seq.optimizers.coupled_decay import SGD as SGD
from keras_seq2seq.optimizers.coupled_decay import Adagrad as Adagrad
from keras_seq2seq.optimizers.coupled_decay import CoupledDecay as CoupledDecay
from keras_seq2seq.optimizers.coupled_decay import Ftrl as Ftrl
from keras_seq2seq.optimizers.coupled_decay import RMSprop as RMSprop
