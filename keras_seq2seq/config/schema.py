"""The configuration of a run: every flag of `train`, once."""

from typing import Any, Literal, get_args

from pydantic import Field, ValidationInfo, field_validator, model_validator

from keras_seq2seq.config.component_schema import (
    PIPELINES,
    CaptionParams,
    Hook,
    Metric,
    Pipeline,
)
from keras_seq2seq.config.model_schema import (
    DEFAULT_MODEL,
    MODEL_DEFAULTS,
    ModelParams,
    with_architecture,
)
from keras_seq2seq.config.network_schema import ENCODERS, PICTURE_ENCODERS
from keras_seq2seq.config.run_schema import (
    CORPUS_SCORES,
    Average,
    Buckets,
    DevDecoding,
    EarlyStopping,
    PairBuckets,
    Prepare,
    SubwordSampling,
)
from keras_seq2seq.config.section import Section, refuse, unfold
from keras_seq2seq.config.values import (
    Flag,
    Free,
    Patterns,
    Precision,
    Real,
    Text,
    Whole,
    name_of,
)

DEFAULT_SAVE_SECONDS = 600.0
# Our decoders that do not serve a model, and the one that does.
UNFIT_DECODERS = {
    ("AttentionSeq2Seq", "BasicDecoder"): "AttentionDecoder",
    ("BasicSeq2Seq", "AttentionDecoder"): "BasicDecoder",
    ("BasicSeq2Seq", "ConvS2SDecoder"): "BasicDecoder",
    ("ConvS2S", "BasicDecoder"): "ConvS2SDecoder",
    ("Image2Seq", "BasicDecoder"): "AttentionDecoder",
}
EVALUATED_TOGETHER = 64  # pairs, where batch_size counts tokens
REFUSED_BY_IMAGE2SEQ = (
    "source.max_seq_len",
    "source.reverse",
    "vocab_source",
    "source.append_end",
    "source.tokenizer",
    "source.lowercase",
    "embedding.source_file",
)


class Config(Section):
    """What a run means; equal to what its `config.json` holds."""

    model: name_of("model", optional=True) = Field(
        "", description="Class of the model; empty: not chosen yet."
    )
    model_params: ModelParams = Field(
        {}, description="Settings of the model.", validate_default=True
    )
    input_pipeline_train: Pipeline | None = Field(
        None, description="Training data."
    )
    input_pipeline_dev: Pipeline | None = Field(
        None, description="Development data; read once, in order."
    )
    hooks: tuple[Hook, ...] = Field((), description="Training hooks.")
    metrics: tuple[Metric, ...] = Field(
        (), description="Metrics of the evaluation."
    )
    buckets: Buckets = Field(
        None,
        description="Boundaries of source length in tokens, auto:n, or a "
        "mapping for buckets of both sides; null: no buckets.",
    )
    batch_size: Whole = Field(
        16,
        ge=1,
        description="Pairs, or tokens if batch_type is tokens, of a batch "
        "over all replicas.",
    )
    batch_type: Literal["sentences", "tokens"] = Field(
        "sentences", description="What batch_size counts."
    )
    fill_up: Literal["dummies", "resample"] = Field(
        "dummies",
        description="What fills an incomplete batch of training: rows of "
        "weight 0, or pairs drawn from its bucket, the same in every pass.",
    )
    overlength: Literal["truncate", "drop", "error"] = Field(
        "truncate",
        description="What becomes of pairs with more tokens than "
        "source.max_seq_len or target.max_seq_len.",
    )
    empty_pairs: Literal["keep", "drop"] = Field(
        "keep",
        description="What becomes of pairs of which a side has no token.",
    )
    output_dir: Text | None = Field(
        None, description="Run directory; null: a temporary one."
    )
    schedule: Literal[
        "continuous_train_and_eval",
        "train",
        "evaluate",
        "train_and_evaluate",
        "continuous_eval",
        "continuous_eval_on_train_data",
        "local_run",
        "run_std_server",
        "test",
    ] = Field(
        "continuous_train_and_eval",
        description="Whether to train, evaluate or both.",
    )
    train_steps: Whole | None = Field(
        None, ge=1, description="Last step; null: until it is stopped."
    )
    train_passes: Whole | None = Field(
        None,
        ge=1,
        description="Complete passes over the data after which training ends, "
        "if train_steps has not ended it; early stopping is off then. null: "
        "no limit.",
    )
    min_passes: Whole = Field(
        0,
        ge=0,
        description="Complete passes before which early stopping does not end "
        "training.",
    )
    minutes: Real | None = Field(
        None, gt=0, description="Minutes of training; null: no limit."
    )
    eval_every_n_steps: Whole = Field(
        1000, ge=1, description="Steps between evaluations."
    )
    tf_random_seed: Whole | None = Field(
        None,
        ge=0,
        lt=2**32,
        description="Seed of everything random; null: drawn and recorded.",
    )
    save_checkpoints_secs: Real | None = Field(
        DEFAULT_SAVE_SECONDS,
        gt=0,
        description="Seconds between checkpoints; null: by steps.",
    )
    save_checkpoints_steps: Whole | None = Field(
        None, ge=1, description="Steps between checkpoints; null: by seconds."
    )
    keep_checkpoint_max: Whole | None = Field(
        5, ge=0, description="Newest checkpoints kept; null or 0: all."
    )
    keep_checkpoint_every_n_hours: Real | None = Field(
        4.0, gt=0, description="Keep one per so many hours, too; null: none."
    )
    keep_best: Whole = Field(
        1, ge=0, description="Best checkpoints kept, by the dev set."
    )
    gpu_memory_fraction: Real = Field(
        1.0,
        gt=0,
        le=1,
        description="Below 1 it means gpu_allow_growth: TensorFlow 2 takes no "
        "shares.",
    )
    gpu_allow_growth: Flag = Field(
        False,
        description="Take GPU memory as it is needed, not all at the start.",
    )
    log_device_placement: Flag = Field(
        False, description="Let TensorFlow log where each operation runs."
    )
    tensorboard_histograms: Flag = Field(
        False,
        description="Show histograms of the trainable weights in TensorBoard, "
        "at each evaluation.",
    )
    precision: Precision = Field(
        "float32", description="Type of the computations."
    )
    strategy: Literal[
        "auto", "mirrored", "default", "one_device", "multi_worker_mirrored"
    ] = Field(
        "auto",
        description="How devices share a batch; auto: mirrored, or default "
        "where there is one CPU only.",
    )
    label_smoothing: Real = Field(
        0.0, ge=0, lt=1, description="Share of probability for other words."
    )
    loss_normalization: Literal["tokens", "batch"] = Field(
        "tokens",
        description="What the summed loss of a batch is divided by for its "
        "gradient: its real target tokens, or its pairs.",
    )
    subword_sampling: SubwordSampling | None = Field(
        None,
        description="Segmentations of the training text drawn at random; "
        "null: the likeliest.",
    )
    early_stopping: EarlyStopping | None = Field(
        None, description="When to end early; null: never."
    )
    average: Average = Field(Average(), description="Averaging of weights.")
    dev_decoding: DevDecoding | None = Field(
        None, description="Corpus scores on the dev set; null: none."
    )
    prepare: tuple[Prepare, ...] = Field(
        (), description="Vocabularies made when they are missing."
    )
    published: tuple[Free, ...] = Field(
        (), description="Results of this recipe; training ignores them."
    )
    init_from: Text | None = Field(
        None,
        description="Run directory or checkpoint whose weights a new run "
        "begins with; null: none.",
    )
    freeze: Patterns = Field(
        (),
        description="Patterns of names, such as encoder/*, of variables that "
        "training leaves as they are.",
    )
    data_dir: Text | None = Field(
        None, description="Where relative data paths begin; null: here."
    )
    deterministic: Flag = Field(
        True,
        description="Equal runs give equal weights on GPUs, too, where that "
        "costs speed; on CPUs they always do.",
    )
    nan_policy: Literal["stop", "rollback"] = Field(
        "stop",
        description="What follows a loss or gradient that is not finite; "
        "rollback: go on from the newest checkpoint with half the learning "
        "rate.",
    )
    strict: Flag = Field(
        False,
        description="Let a picture that is missing or can't be read end the "
        "run; false: it is named and left out.",
    )
    threads: Whole | None = Field(
        None, ge=1, description="Processor threads; null: TensorFlow's choice."
    )
    batch_shards: Whole | None = Field(
        None,
        ge=1,
        description="Parts of a batch that processor cores compute side by "
        "side; null: two where two threads or more train one replica of a "
        "model of text without a GPU, else one. A run keeps its number.",
    )

    @property
    def evaluation_batch_size(self):
        """Pairs of a batch of an evaluation."""
        by_tokens = self.batch_type == "tokens"
        return EVALUATED_TOGETHER if by_tokens else self.batch_size

    @property
    def measures_dev(self):
        """Whether a setting needs an evaluation, whatever the schedule."""
        given = (self.early_stopping, self.dev_decoding)
        wanted = any(one is not None for one in given) or bool(self.metrics)
        best = self.average.kind == "best"
        decay = self.model_params.optimizer_lr_decay_type
        return wanted or best or decay == "plateau_reduce"

    @property
    def decoding(self):
        """`dev_decoding`, or None if its sample is to be empty."""
        decoding = self.dev_decoding
        empty = decoding is not None and decoding.sample == 0
        return None if empty and not self.watches_generated_text else decoding

    @property
    def watches_generated_text(self):
        """Whether early stopping watches a score of generated text."""
        stopping = self.early_stopping
        return stopping is not None and stopping.metric in get_args(
            CORPUS_SCORES
        )

    @property
    def patience(self):
        """Evaluations without improvement that end training, or None."""
        if self.early_stopping is None or self.train_passes is not None:
            return None
        return self.early_stopping.patience

    @model_validator(mode="before")
    @classmethod
    def _one_clock_by_default(cls, values):
        if not isinstance(values, dict):
            return values
        if values.get("save_checkpoints_secs") is not None:
            return values
        by_steps = values.get("save_checkpoints_steps") is not None
        seconds = None if by_steps else DEFAULT_SAVE_SECONDS
        return {**values, "save_checkpoints_secs": seconds}

    @field_validator("model_params", mode="before")
    @classmethod
    def _defaults_of_model(cls, value, info: ValidationInfo) -> Any:
        if not isinstance(value, dict):
            return value
        flat, twice = unfold(value, ModelParams.keys())
        if twice:
            return value  # `ModelParams` says so
        model = info.data.get("model", "")
        if model == "Image2Seq":
            _refuse_text_source(flat)
        defaults = MODEL_DEFAULTS.get(model, MODEL_DEFAULTS[DEFAULT_MODEL])
        return with_architecture(flat, defaults)

    @model_validator(mode="after")
    def _no_contradiction(self):
        refuse(type(self), _contradictions(self))
        return self


def _refuse_text_source(params):
    """Image2Seq reads no source text."""
    text = "is not used by Image2Seq, whose source is a picture. Remove it"
    faults = [
        ((key,), text, params[key])
        for key in REFUSED_BY_IMAGE2SEQ
        if key in params
    ]
    refuse(ModelParams, faults)


def _contradictions(config):
    """Settings that exclude each other: path, text, value."""
    faults = _unfit_parts(config)
    seconds = config.save_checkpoints_secs
    steps = config.save_checkpoints_steps
    if seconds is not None and steps is not None:
        text = "can not be given with save_checkpoints_secs. Remove one"
        faults.append((("save_checkpoints_steps",), text, steps))
    decoding = config.dev_decoding
    if decoding is not None and None not in (
        decoding.sample,
        decoding.max_sentences,
    ):
        text = "can not be given with max_sentences. Remove one"
        faults.append((("dev_decoding", "sample"), text, decoding.sample))
    if config.average.kind == "best" and config.average.count > max(
        config.keep_best, 0
    ):
        text = (
            "is best, so keep_best must be at least average.count = "
            f"{config.average.count}. Received: keep_best {config.keep_best}"
        )
        faults.append((("average", "kind"), text, "best"))
    if config.model_params.optimizer_lr_decay_by_time and not config.minutes:
        text = "is true, but there is no time limit. Type minutes, or remove it"
        path = ("model_params", "optimizer.lr_decay_by_time")
        faults.append((path, text, True))
    if not _scored(config):
        metric = config.early_stopping.metric
        text = (
            f"is {metric}, a score of generated text, which needs "
            f"dev_decoding: {{metric: [{metric}]}}"
        )
        faults.append((("early_stopping", "metric"), text, metric))
    return faults


def _unfit_parts(config):
    """Parts of a model that it can't have."""
    faults = []
    decoder = config.model_params.decoder_class
    wanted = UNFIT_DECODERS.get((config.model, decoder))
    if wanted:
        text = f"is {decoder}, but {config.model} needs {wanted}. Type that"
        faults.append((("model_params", "decoder.class"), text, decoder))
    architecture = config.model_params.architecture
    if architecture and config.model not in ("", "ConvS2S"):
        text = (
            f"is {architecture}, the name of sizes of ConvS2S; "
            f"{config.model} has none. Remove it, or type model: ConvS2S"
        )
        path = ("model_params", "architecture")
        faults.append((path, text, architecture))
    faults += _last_word_first(config)
    faults += _unfit_for_pictures(config)
    if config.model == "Image2Seq":
        faults += _meant_for_text(config)
    return faults


def _last_word_first(config):
    """Parts that look at the last word, where an encoder begins with it."""
    params = config.model_params
    if config.model != "AttentionSeq2Seq" or not params.source_reverse:
        return []
    fixed = params.attention_class == "FixedAttention"
    last = params.bridge_class == "EncoderOutputBridge"
    last = last and params.bridge_params.mode == "last"
    found = {"attention.class": fixed, "bridge.class": last}
    text = (
        "looks at the last word, which an encoder that reads the source from "
        "its end has seen before all others. Type source.reverse: false"
    )
    return [
        (("model_params", key), text, None)
        for key, is_one in found.items()
        if is_one
    ]


def _unfit_for_pictures(config):
    """Parts of text in a model of pictures, and the other way round."""
    params = config.model_params
    encoder, pictures = params.encoder_class, config.model == "Image2Seq"
    faults = []
    ours = encoder in ENCODERS and config.model in MODEL_DEFAULTS
    if ours and (encoder in PICTURE_ENCODERS) != pictures:
        wanted = "one of pictures: InceptionV3Encoder, ImageEncoder"
        text = f"is {encoder}, but {config.model} needs " + (
            wanted if pictures else "one of text"
        )
        faults.append((("model_params", "encoder.class"), text, encoder))
    if pictures and params.embedding_share in ("source_target", "all"):
        text = "must be none or target_output: Image2Seq reads no words"
        faults.append((("model_params", "embedding.share"), text, None))
    cached = getattr(params.encoder_params, "feature_cache", "none") != "none"
    for part in ("train", "dev"):
        pipeline = getattr(config, f"input_pipeline_{part}")
        if pipeline is None or pipeline.class_name not in PIPELINES:
            continue
        path = (f"input_pipeline_{part}", "class")
        if isinstance(pipeline.params, CaptionParams) != pictures:
            kind = "pictures with captions" if pictures else "pairs of text"
            text = f"is {pipeline.class_name}, but {config.model} reads {kind}"
            # An abbreviated configuration may not name its model yet.
            if config.model:
                faults.append((path, text, pipeline.class_name))
        elif cached and getattr(pipeline.params, "augment", False):
            text = (
                "shows another view of each picture in each pass, but "
                "feature_cache keeps one. Remove one"
            )
            path = (path[0], "params", "augment")
            faults.append((path, text, True))
    return faults


def _meant_for_text(config):
    """Settings of pairs of text, which change nothing for pictures."""
    faults = []
    for name in ("overlength", "empty_pairs", "subword_sampling"):
        value, default = (
            getattr(config, name),
            Config.model_fields[name].default,
        )
        if value != default:
            text = (
                "is for pairs of text, and Image2Seq reads captions of "
                f"pictures. Remove it, or type {name}: {default or 'null'}"
            )
            faults.append(((name,), text, None))
    if isinstance(config.buckets, PairBuckets):
        text = (
            "is a mapping, for buckets of both sides, and the pictures of "
            "Image2Seq have no tokens. Type auto:4, or lengths of captions"
        )
        faults.append((("buckets",), text, None))
    ratio = config.model_params.inference_max_length_ratio
    if ratio is not None:
        text = (
            f"is {ratio}, words per source token, and the pictures of "
            "Image2Seq have none. Type inference.max_decode_length in its "
            "place"
        )
        path = ("model_params", "inference.max_length_ratio")
        faults.append((path, text, ratio))
    return faults


def _scored(config):
    """Whether early stopping gets the score it watches."""
    stopping, decoding = config.early_stopping, config.dev_decoding
    if not config.watches_generated_text:
        return True
    names = {metric.historical_name for metric in config.metrics}
    names.update(() if decoding is None else decoding.metric)
    return stopping.metric in names
