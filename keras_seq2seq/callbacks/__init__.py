"""Callbacks for a plain `model.fit`; each does one thing and has a state."""

from keras_seq2seq.callbacks.attention_pictures import (
    AttentionPictures as AttentionPictures,
)
from keras_seq2seq.callbacks.bleu_early_stopping import (
    BleuEarlyStopping as BleuEarlyStopping,
)
from keras_seq2seq.callbacks.bucketing import Bucketing as Bucketing
from keras_seq2seq.callbacks.checkpoint_retention import (
    CheckpointRetention as CheckpointRetention,
)
from keras_seq2seq.callbacks.corpus_score import CorpusScore as CorpusScore
from keras_seq2seq.callbacks.decoded_files import DecodedFiles as DecodedFiles
from keras_seq2seq.callbacks.learning_rate_decay import (
    LearningRateDecay as LearningRateDecay,
)
from keras_seq2seq.callbacks.log_perplexity import (
    LogPerplexity as LogPerplexity,
)
from keras_seq2seq.callbacks.logged_value import LoggedValue as LoggedValue
from keras_seq2seq.callbacks.metrics_log import MetricsLog as MetricsLog
from keras_seq2seq.callbacks.model_analysis import (
    ModelAnalysis as ModelAnalysis,
)
from keras_seq2seq.callbacks.plateau_reduction import (
    PlateauReduction as PlateauReduction,
)
from keras_seq2seq.callbacks.progress import ProgressBar as ProgressBar
from keras_seq2seq.callbacks.step_trace import StepTrace as StepTrace
from keras_seq2seq.callbacks.teacher_forced_samples import (
    TeacherForcedSamples as TeacherForcedSamples,
)
from keras_seq2seq.callbacks.tensorboard_log import (
    TensorBoardLog as TensorBoardLog,
)
from keras_seq2seq.callbacks.time_limit import TimeLimit as TimeLimit
from keras_seq2seq.callbacks.train_samples import TrainSamples as TrainSamples
