"""The contract of all models: encode, decode, step."""

import keras
from keras import ops

from keras_seq2seq.layers.token_embedding import TokenEmbedding
from keras_seq2seq.ops import lengths, reverse_within
from keras_seq2seq.search import stored
from keras_seq2seq.tokens import PAD
from keras_seq2seq.zoo.generation import Generator
from keras_seq2seq.zoo.output_projection import OutputProjection

if keras.backend.backend() == "tensorflow":
    from keras_seq2seq.zoo.tensorflow_step import TokenStep
else:
    from keras_seq2seq.zoo.portable_step import TokenStep

SHARING = (None, "source_target", "target_output", "all")
LARGEST_TABLE = 1 << 26  # numbers that a search keeps of all tokens


class Seq2Seq(TokenStep, keras.Model):
    """A model that reads one sequence and writes another.

    Three verbs make it: `encode`, `decode` under teacher forcing, and `step`
    for a search; calling the model is `decode(target, encode(source))`.
    Weights are made at construction: do that inside the strategy's scope.

    Args:
        source_vocabulary_size: int. Special tokens included. None for a model
            that reads no tokens, whose `read` is another.
        target_vocabulary_size: int. Special tokens included.
        embedding_dim: int. Width `E` of token vectors; a pair of ints for
            the sides (source, target).
        encoder: encoder layer, unbuilt.
        bridge: bridge layer, unbuilt.
        attention: attention layer, unbuilt, or None for models without.
        decoder: decoder layer, unbuilt.
        share_embeddings: None, `"source_target"`, `"target_output"` or
            `"all"`: which of the two tables and the output projection are one.
        reverse_source: bool. The encoder reads the source from its end.
            Attention is reported in the original order.
        embedding_dropout: float in [0, 1). Dropped share of token vectors; a
            pair of floats for the sides (source, target).
        word_dropout: float in [0, 1). Share of tokens whose whole vectors are
            dropped; a pair as above. Source: Gal and Ghahramani 2016,
            arXiv:1512.05287, section 4.2, a mask for each position as in
            Sennrich and Zhang 2019, arXiv:1905.11901, section 4.2.
        output_dropout: float in [0, 1). Dropped share of features in front
            of the output projection.
        init_scale: float. Token vectors begin uniform in ±`init_scale`.
        label_smoothing: float in [0, 1). Share of the target probability
            that is spread evenly over the vocabulary in the training loss.
        clip_norm: float or None. Global norm that gradients are clipped to.
        clip_embedding_norm: float or None. After that, the norm that each
            table's gradient is clipped to.
        tokenizers: pair of tokenizers or None. Needed by `generate` only, as
            are the next four.
        append_end: bool. Whether sources end with END.
        max_source_length: int or None. Tokens read of a source, END apart.
        max_target_length: int. Most tokens written, END included.
        search: search of `keras_seq2seq.search`, or None for greedy.
        max_length_ratio: float or None. Most target words per source token,
            in place of `max_target_length`.
        loss_normalization: `"tokens"` or `"batch"`. What the summed loss is
            divided by for its gradient: real target tokens, or pairs.
        seed: int or None. Of the dropout masks.

    Attributes:
        batch_shards: int, 1 at first. Parts of a batch that training,
            evaluation and `generate` compute side by side on TensorFlow. Worth
            as many as there are processor cores for the model, if TensorFlow
            then has one intra-op thread for each part; set it before `fit`.

    Call arguments:
        inputs: mapping of int tensors `"source" (B, S)` and `"target"
            (B, T)`, right-padded with 0; the target begins with START.

    Returns:
        float32 logits `(B, T, V)` of the tokens that follow.
    """

    batch_shards = 1

    def __init__(
        self,
        source_vocabulary_size,
        target_vocabulary_size,
        embedding_dim,
        encoder,
        bridge,
        attention,
        decoder,
        share_embeddings=None,
        reverse_source=True,
        embedding_dropout=0.0,
        word_dropout=0.0,
        output_dropout=0.0,
        init_scale=0.04,
        label_smoothing=0.0,
        clip_norm=5.0,
        clip_embedding_norm=None,
        tokenizers=None,
        append_end=True,
        max_source_length=None,
        max_target_length=100,
        search=None,
        seed=None,
        max_length_ratio=None,
        loss_normalization="tokens",
        **kwargs,
    ):
        super().__init__(**kwargs)
        if loss_normalization not in ("tokens", "batch"):
            raise ValueError(
                '`loss_normalization` must be "tokens" or "batch". '
                f"Received: {loss_normalization!r}"
            )
        if share_embeddings not in SHARING:
            raise ValueError(
                f"`share_embeddings` must be one of {SHARING}. "
                f"Received: {share_embeddings!r}"
            )
        if not 0 <= label_smoothing < 1:
            raise ValueError(
                "`label_smoothing` must lie in [0, 1). "
                f"Received: {label_smoothing}"
            )
        self.source_vocabulary_size = source_vocabulary_size
        self.target_vocabulary_size = target_vocabulary_size
        self.embedding_dim = _given(embedding_dim)
        self.share_embeddings = share_embeddings
        self.reverse_source = reverse_source
        self.embedding_dropout = _given(embedding_dropout)
        self.word_dropout = _given(word_dropout)
        self.output_dropout = output_dropout
        self.init_scale = init_scale
        self.label_smoothing = label_smoothing
        self.clip_norm = clip_norm
        self.clip_embedding_norm = clip_embedding_norm
        self.loss_normalization = loss_normalization
        self.seed = seed
        self.encoder = encoder
        self.bridge = bridge
        self.attention = attention
        self.decoder = decoder
        self._check_order()
        self.source_dim, self.target_dim = _pair(embedding_dim)
        self.embed_target = self.token_table(
            target_vocabulary_size, self.target_dim, "embed_target"
        )
        self.embed_source = None
        if share_embeddings in ("source_target", "all"):
            if source_vocabulary_size != target_vocabulary_size:
                raise ValueError(
                    "A shared table needs one vocabulary for both sides. "
                    f"Received: sizes {source_vocabulary_size} and "
                    f"{target_vocabulary_size}"
                )
            if self.source_dim != self.target_dim:
                raise ValueError(
                    "A shared table has one width. Received: "
                    f"{self.source_dim} and {self.target_dim}"
                )
            self.embed_source = self.embed_target
        elif source_vocabulary_size is not None:
            self.embed_source = self.token_table(
                source_vocabulary_size, self.source_dim, "embed_source"
            )
        tied = share_embeddings in ("target_output", "all")
        self.to_logits = self.output_projection(
            self.embed_target if tied else None
        )
        source_dropout, target_dropout = _pair(embedding_dropout)
        self.drop_embedding = self._dropout(target_dropout, 0)
        # One layer where both sides agree: its random state is stored.
        self.drop_source = (
            self.drop_embedding
            if source_dropout == target_dropout
            else self._dropout(source_dropout, 2)
        )
        self.drop_output = self._dropout(output_dropout, 1)
        dropped_of_source, dropped_of_target = _pair(word_dropout)
        whole = {"noise_shape": (None, None, 1)}
        self.drop_words = self._dropout(dropped_of_target, 3, **whole)
        self.drop_source_words = self._dropout(dropped_of_source, 4, **whole)
        self.append_end = append_end
        self.max_source_length = max_source_length
        self.max_target_length = max_target_length
        self.max_length_ratio = max_length_ratio
        self.generator = self.make_generator(tokenizers, search)
        self.add_token_metrics()
        self.build()
        self._check_lengths()

    def token_table(self, vocabulary_size, dim, name, **options):
        """A table of token vectors, unbuilt."""
        return TokenEmbedding(
            vocabulary_size,
            dim,
            self.init_scale,
            dtype=self.dtype_policy,
            name=name,
            **options,
        )

    def output_projection(self, tied_to, **options):
        """The layer from features to logits, unbuilt."""
        return OutputProjection(
            self.target_vocabulary_size,
            tied_to=tied_to,
            dtype=self.dtype_policy,
            name="to_logits",
            **options,
        )

    def _check_order(self):
        """Refuses to look at the last word where it is read first."""
        if not (self.reverse_source and self.has_attention):
            return
        for part in (self.attention, self.bridge):
            if getattr(part, "needs_last", False):
                raise ValueError(
                    f"`{type(part).__name__}` looks at the last word, which "
                    "an encoder that reads the source from its end has seen "
                    "before all others. Give the model `reverse_source=False` "
                    "(in a configuration `source.reverse: false`). Received: "
                    f"reverse_source={self.reverse_source}"
                )

    def _check_lengths(self):
        limit, longest = self.longest_target, self.max_target_length
        if limit is not None and longest > limit:
            raise ValueError(
                f"The decoder has positions for {limit} tokens, fewer than "
                "`max_target_length`. Give it a greater `num_positions`, or "
                f"write less. Received: max_target_length={longest}"
            )

    def make_generator(self, tokenizers, search):
        """What turns sources into targets for `generate`."""
        return Generator(
            self,
            tokenizers,
            self.append_end,
            self.max_source_length,
            self.max_target_length,
            search,
            self.max_length_ratio,
        )

    def _dropout(self, share, seed_offset, **options):
        seed = None if self.seed is None else self.seed + seed_offset
        return keras.layers.Dropout(
            share, seed=seed, dtype=self.dtype_policy, **options
        )

    def build(self, inputs_shape=None):
        """Makes all weights; their shapes depend on no input."""
        self.embed_target.build()
        if self.embed_source is not None and not self.embed_source.built:
            self.embed_source.build()
        self.encoder.build((None, None, self.source_dim))
        self.decoder.build(
            (None, None, self.target_dim + self.bridge.fed_size),
            (self.encoder.output_size, self.encoder.value_size),
            self.attention,
        )
        self.bridge.build(self.encoder, self.decoder.state_sizes)
        # Some encoders divide their gradient by how often they are looked at.
        self.encoder.readers = self.decoder.own_attentions or 1
        self.to_logits.build((None, self.decoder.output_size))
        self.built = True

    def call(self, inputs, training=False):
        memory, carry = self.encode(inputs, training)
        return self.decode(inputs["target"], memory, carry, training)

    def encode(self, inputs, training=False):
        """Reads the source.

        Args:
            inputs: mapping with int `"source" (B, S)`, or what else `read`
                takes.

        Returns:
            memory, a mapping of tensors `(B, S, ...)` that steps never
            change, and carry, a nest of tensors `(B, 1, ...)` that they do.
        """
        encoded = self.read(inputs, training)
        memory = self.decoder.remember(
            encoded.outputs,
            encoded.attention_values,
            encoded.valid,
            self.attention,
        )
        if self.bridge.fed_size:
            memory["fed"] = self.bridge.feed(encoded)
        states = self.bridge(
            encoded, self.decoder.zero_state(ops.shape(encoded.valid)[0])
        )
        return memory, self.decoder.begin(states, memory)

    def read(self, inputs, training=False):
        """What the encoder makes of the source: `EncoderOutput`.

        With attention its positions are in the order of the text; without,
        in the order in which the encoder read them.
        """
        source = ops.convert_to_tensor(inputs["source"])
        valid = ops.not_equal(source, PAD)
        count = lengths(valid)
        if self.reverse_source:
            source = reverse_within(source, count)
        embedded = self.drop_source(
            self.drop_source_words(
                self.embed_source(source), training=training
            ),
            training=training,
        )
        encoded = self.encoder(embedded, valid=valid, training=training)
        outputs, values = encoded.outputs, encoded.attention_values
        if self.reverse_source and self.has_attention:
            outputs = reverse_within(outputs, count)
            values = (
                outputs
                if encoded.attention_values is encoded.outputs
                else reverse_within(values, count)
            )
        return encoded._replace(
            outputs=outputs, attention_values=values, valid=valid
        )

    def decode(self, target, memory, carry, training=False):
        """Logits `(B, T, V)` of the tokens that follow each of `target`."""
        return self.to_logits(self.features(target, memory, carry, training))

    def features(self, target, memory, carry, training=False):
        """What becomes logits: `(B, T, U)`, under teacher forcing."""
        embedded = self.drop_embedding(
            self.drop_words(self.embed_target(target), training=training),
            training=training,
        )
        features = self.decoder.decode(
            _with_fed(embedded, memory), memory, carry, self.attention, training
        )
        return self.drop_output(features, training=training)

    @property
    def can_screen(self):
        """Whether steps that tell the best token alone are faster here."""
        return self.fast_in_bfloat16 and self.to_logits.can_screen

    def search_weights(self, told="logits", multiple=1, ahead=False):
        """What a search reads of the weights at each step, for all batches.

        Args:
            told: str. What the steps tell: `"logits"`, those of a
                `"shortlist"`, or `"screened"`: `search.screened.Screened`.
            multiple: int. As for `OutputProjection.prepared`; without effect
                on shortlists.
            ahead: bool. Does with all tokens what the decoder does first with
                each, if that is possible in `LARGEST_TABLE` numbers;
                worthwhile where far more tokens are written than there are.

        Returns:
            mapping of tensors.
        """
        weights = {"output": self._output_weights(told, multiple)}
        project = self.decoder.token_projector() if ahead else None
        if project is not None and not self.bridge.fed_size:
            count = self.target_vocabulary_size
            width = project(self.embed_target(ops.zeros(1, "int32"))).shape[-1]
            if count * width <= LARGEST_TABLE:
                every = self.embed_target(ops.arange(count, dtype="int32"))
                weights["tokens"] = project(every)
        return weights

    def _output_weights(self, told, multiple):
        if told == "shortlist":
            return self.to_logits.rows()
        if told == "screened":
            return self.to_logits.screening(multiple)
        return self.to_logits.prepared(multiple)

    def stepper(self, memory, weights=None):
        """Returns `step(tokens, carry)` over one memory, weights read once.

        Args:
            memory: as `encode` or `search_memory` gives it.
            weights: what `search_weights` returned; None: as they are now.
                A memory with a shortlist has its own output projection.
        """
        weights = weights or {}
        shortlist = memory.get("shortlist")
        if shortlist is None:
            project = self.to_logits.projector(weights.get("output"))
        else:
            project = self.to_logits.projector_onto(shortlist)
        read, advance = self._reader(memory, weights.get("tokens"))

        def step(tokens, carry):
            if shortlist is not None:
                tokens = ops.take_along_axis(
                    shortlist["tokens"], tokens, axis=1
                )
            features, carry, weights = advance(read(tokens), carry)
            return project(features), carry, weights

        return step

    def _reader(self, memory, projected):
        """The decoder's step, and what makes its input of tokens."""
        decoder, attention = self.decoder, self.attention
        if projected is None:
            return (
                lambda ids: _with_fed(self.embed_target(ids), memory),
                decoder.stepper(memory, attention),
            )
        return (
            lambda ids: ops.take(projected, ids, axis=0),
            decoder.stepper(memory, attention, projected=True),
        )

    def search_memory(self, memory, shortlist=None, weights=None):
        """The memory with what else can be made once and not at each step.

        Args:
            memory: as `encode` gives it.
            shortlist: int32 tensor `(B, N)` or None. Target tokens of each
                sentence, as `Lexicon.candidates` has them. The steps over
                this memory are told, and give logits of, places among them.
            weights: what `search_weights` returned for shortlists; None: as
                they are now.
        """
        memory = self.decoder.search_memory(memory)
        if shortlist is None:
            return memory
        rows = weights and weights["output"]
        columns = self.to_logits.columns(shortlist, rows)
        return {**memory, "shortlist": {"tokens": shortlist, **columns}}

    def step(self, tokens, memory, carry):
        """One token of K hypotheses a sentence.

        Args:
            tokens: int tensor `(B, K)`. The last token of each hypothesis.

        Returns:
            float32 logits `(B, K, V)`, the carry, and attention weights
            `(B, K, S)` or None.
        """
        return self.stepper(memory)(tokens, carry)

    def generate(self, sources, search=None, **options):
        """Writes the targets of source strings; see `Generator.generate`."""
        return self.generator.generate(sources, search, **options)

    @property
    def has_attention(self):
        """Whether `step` returns attention."""
        own = self.decoder.own_attentions is not None
        return own or self.attention is not None

    @property
    def longest_source(self):
        """Most tokens of a source with END, or None: no limit."""
        return getattr(self.encoder, "longest_input", None)

    @property
    def longest_target(self):
        """Most tokens that a target can have, or None: no limit."""
        return self.decoder.longest_input

    @property
    def tokenizers(self):
        """The pair (source, target) that `generate` uses, or None."""
        return self.generator.tokenizers

    @tokenizers.setter
    def tokenizers(self, pair):
        self.generator.tokenizers = pair

    def get_build_config(self):
        return None

    def compile_from_config(self, config):
        """Compiles as it was when saved; Keras leaves this to a subclass."""
        self.compile(**keras.saving.deserialize_keras_object(config))
        self.optimizer.build(self.trainable_variables)

    def get_config(self):
        layers = ("encoder", "bridge", "attention", "decoder")
        options = (
            "source_vocabulary_size",
            "target_vocabulary_size",
            "embedding_dim",
            "share_embeddings",
            "reverse_source",
            "embedding_dropout",
            "word_dropout",
            "output_dropout",
            "init_scale",
            "label_smoothing",
            "clip_norm",
            "clip_embedding_norm",
            "append_end",
            "max_source_length",
            "max_target_length",
            "max_length_ratio",
            "loss_normalization",
            "seed",
        )
        serialize = keras.saving.serialize_keras_object
        return {
            **super().get_config(),
            **{name: getattr(self, name) for name in options},
            **{name: serialize(getattr(self, name)) for name in layers},
            "search": stored.to_config(self.generator.default_search),
        }

    @classmethod
    def from_config(cls, config):
        layers = {
            name: keras.saving.deserialize_keras_object(config[name])
            for name in ("encoder", "bridge", "attention", "decoder")
            if name in config
        }
        search = stored.from_config(config.get("search"))
        return cls(**{**config, **layers, "search": search})


def _pair(given):
    """What both sides (source, target) have, of one value or of two."""
    if not isinstance(given, list | tuple):
        return given, given
    if len(given) != 2:
        raise ValueError(
            "Embeddings have one value for both sides or a pair (source, "
            f"target). Received: {given}"
        )
    return tuple(given)


def _given(value):
    """As it comes back from a stored configuration, a list for a pair."""
    return list(value) if isinstance(value, tuple) else value


def _with_fed(embedded, memory):
    """Token vectors `(B, L, E)`, each with what a bridge feeds `(B, F)`."""
    if "fed" not in memory:
        return embedded
    fed = ops.cast(memory["fed"], embedded.dtype)[:, None]
    shape = (*ops.shape(embedded)[:2], fed.shape[-1])
    return ops.concatenate([embedded, ops.broadcast_to(fed, shape)], axis=-1)
