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
        seed: int or None. Of the dropout masks.

    Source:
        [Britz et al., 2017](https://arxiv.org/abs/1703.03906), 3.3;
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
        cell = cell or LSTMCell(128)
        self.cell_class = type(cell)
        self.cell_config = cell.get_config()
        self.num_layers = num_layers
        self.input_keep_prob = input_keep_prob
        self.output_keep_prob = output_keep_prob
        self.state_keep_prob = state_keep_prob
        self.variational = variational
        # A single layer has nothing to connect to.
        self.residual = residual and num_layers > 1
        self.combiner = combiner
        self.dense = dense
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
        return self._widths[-1]

    def build(self, inputs_shape):
        width = inputs_shape[-1]
        self.input_size = width
        first = self.cells[0].output_size
        if self.residual and self.combiner != "concat" and width != first:
            self.input_transform = keras.layers.Dense(
                first, dtype=self.dtype_policy, name="input_transform"
            )
            self.input_transform.build((None, width))
            width = first
        else:
            self.input_transform = None
        self._widths = [width]
        for cell in self.cells:
            cell.build((None, self._widths[-1]))
            self._widths.append(self._combined_width(cell.output_size))

    def _combined_width(self, output):
        if not (self.residual and self.combiner == "concat"):
            return output
        return output + sum(self._widths if self.dense else self._widths[-1:])

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
                    ("input", self._widths[index], self.input_keep_prob),
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
        earlier, final = [x], []
        for index, cell in enumerate(self.cells):
            output, sequence = _run(cell, x, states[index], masks[index])
            x = self.combine(output, earlier)
            earlier.append(x)
            final.append(sequence)
        count = lengths(valid)
        final = keras.tree.map_structure(
            lambda each: last_real(time_major(each), count), tuple(final)
        )
        return time_major(x * real), final

    def combine(self, output, earlier):
        """Joins a layer's output with the inputs of the layers so far."""
        if not self.residual:
            return output
        seen = earlier if self.dense else earlier[-1:]
        if self.combiner == "concat":
            return ops.concatenate([output, *seen], axis=-1)
        total = sum(seen[1:], seen[0])
        return output + (
            total / len(seen) if self.combiner == "mean" else total
        )

    def fed_projector(self, fed_size):
        """The first layer's projection of columns that a loop feeds.

        None where it takes more than a projection, as residual layers do.
        """
        if self.residual:
            return None
        return self.cells[0].projectors(self.input_size - fed_size)[1]

    def stepper(self, fed_size=0, fed_projected=False):
        """One step through all layers, for loops that feed back.

        Args:
            fed_size: int. How many of the last columns of the input the loop
                feeds; the others are known before it.
            fed_projected: bool. Whether `fed` went through `fed_projector`
                already, undropped.

        Returns:
            pair of functions: `project(known (T, B, n), masks)`, what a loop
            needs of the known columns of all steps, and `step(known, fed,
            states, masks) -> (output, states)`, with `known` a step of that,
            `fed (B, fed_size)` or None, and `masks` a step of `masks`.
        """
        project_known, begin = self._beginner(fed_size, fed_projected)
        project = [cell.projector() for cell in self.cells[1:]]
        advance = [cell.stepper() for cell in self.cells]

        def step(known, fed, states, masks):
            x, projected = begin(known, fed, masks[0])
            earlier, after = [x], []
            for index, state in enumerate(states):
                if index:
                    x = drop(x, masks[index], "input")
                    projected = project[index - 1](x)
                seen = drop(state[0], masks[index], "state")
                output, new = advance[index](projected, state, seen)
                output = drop(output, masks[index], "output")
                x = self.combine(output, earlier)
                earlier.append(x)
                after.append(new)
            return x, tuple(after)

        return project_known, step

    def _beginner(self, fed_size, fed_projected):
        """`begin(known, fed, masks)`: the first input, and it projected.

        In front of it the function that makes `known`.
        """
        first, row = self.cells[0], self.input_size - fed_size
        if self.residual:
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

        def begin_fed(known, fed, masks):
            if not fed_projected:
                fed = project_fed(drop(fed, masks, "input", row))
            return None, known + fed

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
