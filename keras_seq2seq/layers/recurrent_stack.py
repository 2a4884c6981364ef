"""Layers of recurrent cells with dropout and residual connections."""

import keras
from keras import ops

from keras_seq2seq.layers.lstm_cell import LSTMCell
from keras_seq2seq.layers.part import Part
from keras_seq2seq.ops import dropout_mask, last_real, lengths, scan, time_major

COMBINERS = ("add", "mean", "concat")


@keras.saving.register_keras_serializable("keras_seq2seq")
class RecurrentStack(Part):
    """Several cells, one on top of the other.

    With residual connections layer `i` computes `o = cell(x_i)` and hands on
    `x_{i+1} = combine(o, earlier)`: `add` and `mean` reduce, `concat` widens.
    Where `add` or `mean` need it, a linear layer first brings the input to the
    width of the cells.

    Args:
        cell: a cell layer, the pattern of all layers; each gets its own
            weights. Default: `LSTMCell(128)`.
        num_layers: int.
        input_keep_prob: float in (0, 1]. Kept share of each layer's inputs.
        output_keep_prob: float in (0, 1]. Kept share of each layer's outputs.
        state_keep_prob: float in (0, 1]. Kept share of the last output as
            the gates see it; what a gate carries over is not dropped.
        variational: bool. One dropout mask per sequence, not per step.
        residual: bool. Whether layers see what earlier ones gave.
        combiner: one of `"add"`, `"mean"`, `"concat"`.
        dense: bool. Combine with all earlier inputs, not only the last.
        first_residual_layer: int or None. Counted from 1, the layer from which
            on there are residual connections, whatever the number of layers.
            None: all layers have them, but a single one has none.
        seed: int or None. Of the dropout masks.

    Source:
        [Britz et al., 2017](https://arxiv.org/abs/1703.03906), 3.3;
        first residual layer: [Wu et al., 2016]
        (https://arxiv.org/abs/1609.08144), 3.1;
        variational dropout: [Gal and Ghahramani, 2016]
        (https://arxiv.org/abs/1512.05287).
    """

    def __init__(
        self,
        cell=None,
        num_layers=1,
        input_keep_prob=1.0,
        output_keep_prob=1.0,
        state_keep_prob=1.0,
        variational=False,
        residual=False,
        combiner="add",
        dense=False,
        first_residual_layer=None,
        seed=None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        keep = {
            "input_keep_prob": input_keep_prob,
            "output_keep_prob": output_keep_prob,
            "state_keep_prob": state_keep_prob,
        }
        for name, value in keep.items():
            if not 0 < value <= 1:
                raise ValueError(
                    f"`{name}` must lie in (0, 1]. Received: {name}={value}"
                )
        if num_layers < 1:
            raise ValueError(
                f"`num_layers` must be positive. Received: {num_layers}"
            )
        if combiner not in COMBINERS:
            raise ValueError(
                f"`combiner` must be one of {COMBINERS}. Received: {combiner!r}"
            )
        if first_residual_layer is not None and first_residual_layer < 1:
            raise ValueError(
                "`first_residual_layer` must be positive or None. "
                f"Received: {first_residual_layer}"
            )
        cell = cell or LSTMCell(128)
        self.cell_class = type(cell)
        self.cell_config = cell.get_config()
        self.num_layers = num_layers
        self.input_keep_prob = input_keep_prob
        self.output_keep_prob = output_keep_prob
        self.state_keep_prob = state_keep_prob
        self.variational = variational
        # A single layer has nothing to connect to, unless it is asked for.
        alone = num_layers == 1 and first_residual_layer is None
        self.residual = residual and not alone
        self.combiner = combiner
        self.dense = dense
        self.first_residual_layer = first_residual_layer
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)
        self.cells = [self._fresh_cell(i) for i in range(num_layers)]

    def _fresh_cell(self, index):
        config = {
            **self.cell_config,
            "name": f"cell_{index}",
            "dtype": self.dtype_policy,
        }
        return self.cell_class.from_config(config)

    def copy(self, name, seed_offset=1, **changes):
        """The same options, but for `changes`, with weights of its own."""
        config = {**self.get_config(), "name": name, **changes}
        if self.seed is not None:
            config["seed"] = self.seed + seed_offset
        return type(self).from_config(config)

    @property
    def state_sizes(self):
        """Per layer the tuple of its states' widths."""
        return tuple(cell.state_sizes for cell in self.cells)

    @property
    def output_size(self):
        """Width of the output, known once built."""
        return self.output_sizes[-1]

    def connected(self, index):
        """Whether layer `index`, from 0, has a residual connection."""
        return self.residual and index + 1 >= (self.first_residual_layer or 1)

    def build(self, inputs_shape, context_size=0):
        """Makes the weights.

        Args:
            inputs_shape: shape of the inputs `(B, L, D)`.
            context_size: int. Width of what all layers but the first get
                beside the output of the layer below; see `stepper`.
        """
        width = inputs_shape[-1]
        self.input_size = width
        self.context_size = context_size
        first = self.cells[0].output_size
        self.input_transform = None
        if self.connected(0) and self.combiner != "concat" and width != first:
            self.input_transform = keras.layers.Dense(
                first, dtype=self.dtype_policy, name="input_transform"
            )
            self.input_transform.build((None, width))
            width = first
        self._input_sizes, self.output_sizes, earlier = [], [], []
        for index, cell in enumerate(self.cells):
            if self.connected(index):
                earlier.append(width)
            joined = width + (context_size if index else 0)
            cell.build((None, joined))
            self._input_sizes.append(joined)
            width = self._combined_size(cell.output_size, earlier)
            self.output_sizes.append(width)

    def _combined_size(self, output, earlier):
        if self.combiner != "concat":
            return output
        return output + sum(earlier if self.dense else earlier[-1:])

    def zero_state(self, batch):
        """States of a sequence's start, per layer a tuple of `(batch, n)`."""
        return tuple(
            tuple(cell.get_initial_state(batch)) for cell in self.cells
        )

    def masks(self, steps, batch, training):
        """Dropout masks of every layer, drawn outside of loops.

        Returns:
            per layer a mapping from `"input"`, `"output"`, `"state"` to masks
            `(steps, batch, n)`; where nothing is dropped there is none.
        """
        if not training:
            return [{} for _ in self.cells]
        return [
            {
                name: self._mask(steps, batch, width, keep_prob)
                for name, width, keep_prob in (
                    ("input", self._input_sizes[index], self.input_keep_prob),
                    ("output", cell.output_size, self.output_keep_prob),
                    ("state", cell.output_size, self.state_keep_prob),
                )
                if keep_prob < 1
            }
            for index, cell in enumerate(self.cells)
        ]

    def _mask(self, steps, batch, width, keep_prob):
        drawn = dropout_mask(
            (1 if self.variational else steps, batch, width),
            keep_prob,
            self.seed_generator,
            self.compute_dtype,
        )
        if not self.variational:
            return drawn
        return ops.broadcast_to(drawn, (steps, batch, width))

    def unroll(self, inputs, valid, states, training=False):
        """Runs over whole sequences, one layer after the other.

        Args:
            inputs: tensor `(B, L, D)`.
            valid: bool tensor `(B, L)`, right-padded.
            states: as `zero_state` gives them.

        Returns:
            outputs `(B, L, output_size)`, zero at padding, and the states
            behind the last real position.
        """
        x = time_major(inputs)  # (L, B, D)
        real = ops.cast(time_major(valid), x.dtype)[..., None]
        steps, batch = ops.shape(x)[:2]
        masks = self.masks(steps, batch, training)
        if self.input_transform is not None:
            x = self.input_transform(x)
        earlier, final = [], []
        for index, cell in enumerate(self.cells):
            if self.connected(index):
                earlier.append(x)
            output, sequence = _run(cell, x, states[index], masks[index])
            x = self.combine(output, earlier)
            final.append(sequence)
        count = lengths(valid)
        final = keras.tree.map_structure(
            lambda each: last_real(time_major(each), count), tuple(final)
        )
        return time_major(x * real), final

    def combine(self, output, earlier):
        """Joins a layer's output with the inputs of connected layers so far."""
        if not earlier:
            return output
        seen = earlier if self.dense else earlier[-1:]
        if self.combiner == "concat":
            return ops.concatenate([output, *seen], axis=-1)
        total = sum(seen[1:], seen[0])
        return output + (
            total / len(seen) if self.combiner == "mean" else total
        )

    def known_projector(self, fed_size=0):
        """The first layer's projection of the columns known before a loop.

        None where it takes more than a projection, as residual layers do.
        """
        if self.connected(0):
            return None
        if not fed_size:
            return self.cells[0].projector()
        return self.cells[0].projectors(self.input_size - fed_size)[0]

    def fed_projector(self, fed_size):
        """Like `known_projector`, of the columns that a loop feeds."""
        if self.connected(0):
            return None
        return self.cells[0].projectors(self.input_size - fed_size)[1]

    def context_projector(self):
        """Returns `project(context (..., n))`, for all layers that get it.

        What it gives holds a part `(..., gates * units)` per layer; `stepper`
        takes it as `context_projected`.
        """
        parts = [
            cell.projectors(size - self.context_size)[1]
            for cell, size in self._informed()
        ]
        return lambda context: ops.concatenate(
            [project(context) for project in parts], axis=-1
        )

    def _informed(self):
        """The cells that get a context, with their inputs' widths."""
        return zip(self.cells[1:], self._input_sizes[1:], strict=True)

    def stepper(self, fed_size=0, fed_projected=False, context_projected=False):
        """One step through all layers, for loops that feed back.

        Args:
            fed_size: int. How many of the last columns of the input the loop
                feeds; the others are known before it.
            fed_projected: bool. Whether `fed` went through `fed_projector`
                already, undropped.
            context_projected: bool. Whether contexts went through
                `context_projector` already, undropped.

        Returns:
            pair of functions: `project(known (T, B, n), masks)`, what a loop
            needs of the known columns of all steps, and `step(known, fed,
            states, masks, attend=None) -> (output, states)`, with `known` a
            step of that, `fed (B, fed_size)` or None, and `masks` a step of
            `masks`. Where layers get a context, `attend` gives it, as a
            function of the first layer's output.
        """
        project_known, begin = self._beginner(fed_size, fed_projected)
        join = [
            self._joiner(cell, size - self.context_size, context_projected)
            for cell, size in self._informed()
        ]
        advance = [cell.stepper() for cell in self.cells]

        def step(known, fed, states, masks, attend=None):
            x, projected = begin(known, fed, masks[0])
            earlier, after, contexts = [], [], [None] * len(join)
            for index, state in enumerate(states):
                if self.connected(index):
                    earlier.append(x)
                if index:
                    context = contexts[index - 1]
                    projected = join[index - 1](x, context, masks[index])
                seen = drop(state[0], masks[index], "state")
                output, new = advance[index](projected, state, seen)
                output = drop(output, masks[index], "output")
                x = self.combine(output, earlier)
                after.append(new)
                if attend is not None and not index:
                    contexts = self._parts(attend(x), context_projected)
            return x, tuple(after)

        return project_known, step

    def _parts(self, context, projected):
        """What each layer but the first gets of a context."""
        count = len(self.cells) - 1
        if projected:
            return ops.split(context, count, axis=-1)
        return [context] * count

    def _joiner(self, cell, size, context_projected):
        """`join(x, context, masks)`: the projected input of an upper layer."""
        if not self.context_size:
            project = cell.projector()
            return lambda x, context, masks: project(drop(x, masks, "input"))
        project, project_context = cell.projectors(size)
        begin = cell.joiner()

        def join(x, context, masks):
            if not context_projected:
                context = project_context(drop(context, masks, "input", size))
            return begin(project(drop(x, masks, "input")) + context)

        return join

    def _beginner(self, fed_size, fed_projected):
        """`begin(known, fed, masks)`: the first input, and it projected.

        In front of it the function that makes `known`.
        """
        first, row = self.cells[0], self.input_size - fed_size
        if self.connected(0):
            project = first.projector()
            transform = self.input_transform or (lambda x: x)

            def begin(known, fed, masks):
                joined = [known] if fed is None else [known, fed]
                x = transform(ops.concatenate(joined, axis=-1))
                return x, project(drop(x, masks, "input"))

            return lambda known, masks: known, begin
        if not fed_size:
            project = first.projector()
            return (
                lambda known, masks: project(drop(known, masks[0], "input")),
                lambda known, fed, masks: (None, known),
            )
        project, project_fed = first.projectors(row)
        join = first.joiner()

        def begin_fed(known, fed, masks):
            if not fed_projected:
                fed = project_fed(drop(fed, masks, "input", row))
            return None, join(known + fed)

        return (
            lambda known, masks: project(drop(known, masks[0], "input")),
            begin_fed,
        )

    def get_config(self):
        names = (
            "num_layers",
            "input_keep_prob",
            "output_keep_prob",
            "state_keep_prob",
            "variational",
            "residual",
            "combiner",
            "dense",
            "first_residual_layer",
            "seed",
        )
        return {
            **super().get_config(),
            "cell": keras.saving.serialize_keras_object(self.cells[0]),
            **{name: getattr(self, name) for name in names},
        }

    @classmethod
    def from_config(cls, config):
        cell = keras.saving.deserialize_keras_object(config["cell"])
        return cls(**{**config, "cell": cell})


def drop(x, masks, name, first=0):
    """Applies columns of a mask, from `first` on, if there is one."""
    if name not in masks:
        return x
    return x * masks[name][..., first : first + x.shape[-1]]


def _run(cell, x, states, masks):
    """One layer over all steps: outputs and states, all `(L, B, n)`."""
    step = cell.stepper()
    slices = {"projected": cell.projector()(drop(x, masks, "input"))}
    if "state" in masks:
        slices["state"] = masks["state"]

    def advance(states, slices):
        seen = drop(states[0], slices, "state")
        _, states = step(slices["projected"], states, seen)
        return states, states

    _, sequence = scan(advance, slices, states)
    return drop(sequence[0], masks, "output"), sequence
