"""Names for the variables of a model that do not depend on the process.

Keras numbers layers as a process makes them (`dense`, `dense_1`), and a
variable's path depends on who built its layer. The names here are the
attributes that lead to a variable: `encoder/forward/cell/kernel`.
"""

import collections
import re

import keras


def weight_names(model):
    """Names every weight of `model`, in the order of `model.weights`.

    Returns:
        dict `{name: variable}`.
    """
    return _named(model.weights, _attribute_paths(model))


def seed_names(model):
    """Names the states of the model's random generators.

    Returns:
        dict `{name: variable}`.
    """
    weights = {id(variable) for variable in model.weights}
    seeds = [v for v in model.variables if id(v) not in weights]
    return _named(seeds, _attribute_paths(model))


def optimizer_names(model):
    """Names the optimizer's variables after the weights they belong to.

    Returns:
        dict `{name: variable}`; a slot is `<weight name>/<its role>`.
    """
    owners = collections.defaultdict(list)
    for name, variable in weight_names(model).items():
        owners[variable.path.replace("/", "_") + "_"].append(name)
    uses = collections.Counter()
    names = {}
    for variable in model.optimizer.variables:
        names[id(variable)] = _slot_name(variable.name, owners, uses)
    return _named(model.optimizer.variables, names)


def metric_names(model):
    """Names the accumulators of the metrics by their places in the list.

    Returns:
        dict `{name: variable}`.
    """
    return {
        f"{i}/{j}": variable
        for i, metric in enumerate(model.metrics)
        for j, variable in enumerate(metric.variables)
    }


def _slot_name(name, owners, uses):
    prefix = max(filter(name.startswith, owners), key=len, default=None)
    if prefix is None:
        return re.sub(r"_\d+$", "", name)
    # Variables of equal path were given slots in their own order.
    owner = owners[prefix][uses[name] % len(owners[prefix])]
    uses[name] += 1
    return f"{owner}/{name.removeprefix(prefix)}"


def _named(variables, paths):
    names = {}
    for index, variable in enumerate(variables):
        name = paths.get(id(variable), f"variables/{index}")
        count = 1
        while name in names:
            name = f"{paths.get(id(variable), name)}_{count}"
            count += 1
        names[name] = variable
    return names


def _attribute_paths(model):
    """`{id of a variable: path}`, the shortest path and then the first."""
    paths = {}
    seen = {id(model): model}  # keeps what it names alive: ids are reused
    queue = collections.deque([("", model)])
    while queue:
        prefix, owner = queue.popleft()
        for name, item in _parts(owner):
            path = f"{prefix}{name}"
            if isinstance(item, keras.Variable):
                paths.setdefault(id(item), path)
            elif id(item) not in seen:
                seen[id(item)] = item
                queue.append((f"{path}/", item))
    return paths


def _parts(owner):
    """The named parts of a layer or container that may hold variables."""
    if isinstance(owner, dict):
        items = [(str(key), owner[key]) for key in sorted(owner, key=str)]
    elif isinstance(owner, (list, tuple)):
        items = [(str(index), item) for index, item in enumerate(owner)]
    else:
        # Private attributes last: they often repeat a public one.
        attributes = sorted(vars(owner).items(), key=_is_private)
        items = [
            (name.lstrip("_"), item)
            for name, item in attributes
            if name not in _KERAS_INTERNAL and not name.startswith("_self_")
        ]
        items += [("layers", _numbered_layers(owner))]
    return [(name, item) for name, item in items if _may_hold(item)]


def _is_private(attribute):
    return attribute[0].startswith("_")


def _may_hold(item):
    kinds = (keras.Variable, keras.Layer, keras.random.SeedGenerator)
    return isinstance(item, (*kinds, dict, list, tuple)) and not isinstance(
        item, keras.layers.InputLayer
    )


def _numbered_layers(owner):
    """Layers of a Sequential or functional model, without its inputs."""
    layers = owner.layers if isinstance(owner, keras.Model) else []
    return [x for x in layers if not isinstance(x, keras.layers.InputLayer)]


_KERAS_INTERNAL = frozenset(
    """
    _layers _metrics _seed_generators _trainable_variables
    _non_trainable_variables _functional _operations _operations_by_depth
    _nodes _nodes_by_depth _inbound_nodes _outbound_nodes _losses optimizer
    _compile_metrics _compile_loss _loss_tracker _tracker history
    """.split()
)
