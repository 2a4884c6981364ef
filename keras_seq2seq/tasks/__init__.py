"""What `infer` does with what a model wrote."""

from keras_seq2seq.tasks.decode_text import DecodeText as DecodeText
from keras_seq2seq.tasks.dump_attention import DumpAttention as DumpAttention
from keras_seq2seq.tasks.dump_beams import DumpBeams as DumpBeams
from keras_seq2seq.tasks.ranked_text import RankedText as RankedText
from keras_seq2seq.tasks.sockeye_outputs import output_task as output_task
from keras_seq2seq.tasks.task import Task as Task
from keras_seq2seq.tasks.task import running as running
from keras_seq2seq.tasks.write_gallery import WriteGallery as WriteGallery
