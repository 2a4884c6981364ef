"""Searches: a step function in, the best token sequences out."""

from keras_seq2seq.search.beam import BeamSearch as BeamSearch
from keras_seq2seq.search.beam_history import BeamHistory as BeamHistory
from keras_seq2seq.search.greedy import GreedySearch as GreedySearch
from keras_seq2seq.search.hypotheses import Hypotheses as Hypotheses
from keras_seq2seq.search.length_penalty import LengthPenalty as LengthPenalty
from keras_seq2seq.search.limits import Limits as Limits
from keras_seq2seq.search.sampling import SamplingSearch as SamplingSearch
