"""The special tokens: the only place that knows their ids and names."""

PAD = 0
UNKNOWN = 1
START = 2
END = 3
FIRST_WORD = 4  # ids of a vocabulary's own tokens begin here

PAD_NAME = "<pad>"
UNKNOWN_NAME = "<unk>"
START_NAME = "<s>"
END_NAME = "</s>"
SPECIAL_NAMES = (PAD_NAME, UNKNOWN_NAME, START_NAME, END_NAME)

# What google/seq2seq called them; a vocabulary file may not hold these either.
HISTORICAL_NAMES = ("UNK", "SEQUENCE_START", "SEQUENCE_END")
