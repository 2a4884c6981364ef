"""What all decoders have in common."""

from keras_seq2seq.layers.part import Part


class Decoder(Part):
    """Writes a sequence, token by token, with a memory of the source.

    Tensors of a `carry` are `(B, K, ...)`: K hypotheses a sentence when a
    search steps, 1 in training.
    """

    # Attentions that a decoder has within itself; None: it is given one.
    own_attentions = None

    def build(self, inputs_shape, memory_sizes, attention=None):
        """Makes the weights.

        Args:
            inputs_shape: shape of embedded tokens `(B, T, E)`.
            memory_sizes: pair of the widths of attention keys and values.
            attention: the attention layer, unbuilt, or None.
        """
        raise NotImplementedError

    @property
    def output_size(self):
        """Width of the features, known once built."""
        raise NotImplementedError

    @property
    def state_sizes(self):
        """Widths of the recurrent states, what a bridge has to fill."""
        return ()

    def zero_state(self, batch):
        """The states a sentence begins with when a bridge gives none."""
        return ()

    def begin(self, states, memory):
        """The carry in front of the first token, from a bridge's states."""
        raise NotImplementedError

    def remember(self, outputs, values, valid, attention):
        """The memory of a source, a mapping of tensors `(B, S, ...)`.

        Args:
            outputs: tensor `(B, S, D)`. What keys are made from.
            values: tensor `(B, S, M)`. What attention sums.
            valid: bool tensor `(B, S)`.
            attention: the attention layer or None.
        """
        if attention is None:
            return {"valid": valid}
        keys = attention.project_keys(outputs)
        return {"keys": keys, "values": values, "valid": valid}

    def search_memory(self, memory):
        """The memory with what else can be made once and not at each step."""
        return memory

    def token_projector(self):
        """What steps do first with each embedded token, whatever the carry.

        A decoder that has one has a `stepper` that takes `projected`, too.

        Returns:
            `project(embedded (..., E)) -> (..., n)`, or None if that is
            nothing worth being done ahead.
        """
        return None

    def decode(self, embedded, memory, carry, attention, training=False):
        """Teacher forcing.

        Args:
            embedded: tensor `(B, T, E)`. The tokens fed at each step.
            memory: mapping, as `remember` gives it.
            carry: as `begin` gives it.
            attention: the attention layer or None.

        Returns:
            features `(B, T, U)`.
        """
        raise NotImplementedError

    def stepper(self, memory, attention):
        """Returns the step of a search over one memory, weights read once.

        Args:
            memory: mapping, as `remember` or `search_memory` gives it.
            attention: the attention layer or None.
            projected: bool, where there is a `token_projector`: whether what
                steps are given went through it already. Default: False.

        Returns:
            `step(embedded (B, K, E), carry) -> (features, carry, weights)`
            with features `(B, K, U)` and attention weights `(B, K, S)` or
            None.
        """
        raise NotImplementedError
