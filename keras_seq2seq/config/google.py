"""Names of google/seq2seq and TensorFlow 1, translated to ours.

Pure functions on text: nothing is imported. A name that is not ours and has
a dot is the user's own path and comes back as it is.
"""

import difflib

from keras_seq2seq.errors import UserError

MODELS = ("BasicSeq2Seq", "AttentionSeq2Seq", "Image2Seq", "ConvS2S")
ABSTRACT_MODELS = ("ModelBase", "Seq2SeqModel")

# What a configuration may name, by the role that it plays.
NAMES = {
    "model": MODELS,
    "encoder": (
        "UnidirectionalRNNEncoder",
        "BidirectionalRNNEncoder",
        "StackBidirectionalRNNEncoder",
        "HybridRNNEncoder",
        "PoolingEncoder",
        "ConvEncoder",
        "ConvS2SEncoder",
        "InceptionV3Encoder",
        "ImageEncoder",
    ),
    "decoder": ("BasicDecoder", "AttentionDecoder", "ConvS2SDecoder"),
    "attention": (
        "AdditiveAttention",
        "DotAttention",
        "BilinearAttention",
        "ScaledDotAttention",
        "FixedAttention",
    ),
    "bridge": (
        "ZeroBridge",
        "PassThroughBridge",
        "InitialStateBridge",
        "ConcatInputBridge",
        "EncoderOutputBridge",
    ),
    "cell": (
        "BasicRNNCell",
        "GRUCell",
        "LSTMCell",
        "LayerNormGRUCell",
        "LayerNormLSTMCell",
    ),
    "optimizer": ("Adam", "SGD", "Momentum", "Adagrad", "RMSprop", "Ftrl"),
    "pipeline": (
        "ParallelTextInputPipeline",
        "TFRecordInputPipeline",
        "RecordIOInputPipeline",
        "PreparedInputPipeline",
        "ImageCaptioningInputPipeline",
        "ImageCaptionTSVInputPipeline",
    ),
    "hook": (
        "PrintModelAnalysisHook",
        "MetadataCaptureHook",
        "TrainSampleHook",
        "SyncReplicasOptimizerHook",
        "DelayStartHook",
        "VariableRestoreHook",
    ),
    "metric": (
        "LogPerplexityMetricSpec",
        "BleuMetricSpec",
        "RougeMetricSpec",
    ),
    "activation": (
        "linear",
        "tanh",
        "sigmoid",
        "relu",
        "elu",
        "selu",
        "gelu",
        "softplus",
        "softsign",
    ),
    "combiner": ("add", "multiply"),
    "pooling": ("average_pooling1d", "max_pooling1d"),
    "task": ("DecodeText", "DumpAttention", "DumpBeams"),
    "postprocessing": ("strip_bpe", "decode_sentencepiece", "slice_text"),
}

ALIASES = {
    "model": {"AttentionSeq2seq": "AttentionSeq2Seq"},  # document 002
    "attention": {
        "AttentionLayerBahdanau": "AdditiveAttention",
        "AttentionLayerDot": "DotAttention",
    },
    "cell": {
        "RNNCell": "BasicRNNCell",
        "BasicLSTMCell": "LSTMCell",
        "LSTMBlockCell": "LSTMCell",
        "GRUBlockCell": "GRUCell",
        "LayerNormBasicLSTMCell": "LayerNormLSTMCell",
    },
    "optimizer": {
        "RMSProp": "RMSprop",
        "GradientDescent": "SGD",
    },
    "activation": {"identity": "linear"},
}

# TensorFlow 1's names of optimizer arguments -> Keras's.
OPTIMIZER_ARGUMENTS = {
    "Adam": {"beta1": "beta_1", "beta2": "beta_2"},
    "Momentum": {"use_nesterov": "nesterov"},
    "SGD": {"use_nesterov": "nesterov"},
    "RMSprop": {"decay": "rho"},
    "Ftrl": {
        "l1_regularization_strength": "l1",
        "l2_regularization_strength": "l2",
    },
}

CELL_ARGUMENTS = {"LSTMCell": {"use_peephole": "use_peepholes"}}

# Modules whose classes we re-created: only the last part of a name counts.
FOREIGN = ("tensorflow.", "tf.", "keras.")
HISTORICAL = ("seq2seq.", "keras_seq2seq.")


def class_name(name, role):
    """Our bare name for a class or function named in a configuration.

    Args:
        name: text. Bare, historical and dotted, or the user's own path.
        role: a key of `NAMES`, such as `"encoder"`.

    Returns:
        a name out of `NAMES[role]`, or the user's own dotted path.

    Raises:
        UserError: the name is abstract, or neither ours nor a path.
    """
    bare = _known(name.rpartition(".")[2], role)
    if "." not in name or name.startswith(HISTORICAL):
        return bare or _refuse(name, role)
    return bare if bare and name.startswith(FOREIGN) else _own(name, role)


def renamed(arguments, table):
    """A copy of a mapping with its keys translated by `table`."""
    return {table.get(key, key): value for key, value in arguments.items()}


def _known(bare, role):
    """The canonical form of a bare name, or None."""
    if role == "optimizer":
        bare = _optimizer(bare)
    bare = ALIASES.get(role, {}).get(bare, bare)
    return bare if bare in NAMES[role] else None


def _optimizer(bare):
    """Optimizer names in any case, and TensorFlow's `AdamOptimizer`."""
    wanted = bare.lower().removesuffix("optimizer")
    names = (*NAMES["optimizer"], *ALIASES["optimizer"])
    return next((name for name in names if name.lower() == wanted), bare)


def _own(name, role):
    """The user's own path, which must at least look like one."""
    if all(part.isidentifier() for part in name.split(".")):
        return name
    return _refuse(name, role)


def _refuse(name, role):
    """Says which names there are and which one is nearest."""
    names = NAMES[role]
    bare = name.rpartition(".")[2]
    if role == "model" and bare in ABSTRACT_MODELS:
        raise UserError(
            f"{bare} is abstract and trains nothing. Type one of "
            f"{', '.join(names)}"
        )
    if role == "pipeline":
        raise UserError(f"Invalid Input Pipeline class: {name}. {_near(bare)}")
    candidates = (*names, *ALIASES.get(role, {}))
    near = difflib.get_close_matches(bare, candidates, n=1)
    hint = f"Did you mean {near[0]}? " if near else ""
    raise UserError(
        f"There is no {role} {name!r}. {hint}Known: {', '.join(names)}; "
        "a class of your own is written with its module, my_package.MyClass"
    )


def _near(bare):
    """What to type instead of an unknown pipeline."""
    return (
        f"Known: {', '.join(NAMES['pipeline'])}; a class of your own is "
        "written with its module, my_package.MyClass"
    )
