"""Names in a configuration become classes."""

import importlib

from keras_seq2seq.errors import UserError


def find_class(name, known, allowed=()):
    """The class that a configuration names.

    Args:
        name: str. A bare name, or a dotted path of the user's own.
        known: mapping, or module, of our classes.
        allowed: modules whose classes may be imported; None allows all.

    Raises:
        UserError: an unknown name, or a path that is not allowed.
    """
    if "." not in name:
        found = (
            known.get(name)
            if isinstance(known, dict)
            else getattr(known, name, None)
        )
        if found is None:
            raise UserError(f"{name} is not available in this version.")
        return found
    module, _, attribute = name.rpartition(".")
    if allowed is not None and module not in allowed:
        raise UserError(
            f"The configuration names the class {name}, which is not ours. "
            f"To import it type --allow_import {module}"
        )
    try:
        return getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise UserError(f"{name} cannot be imported: {error}") from error


def arguments_of(params):
    """Settings of a part, a section or a mapping, as keyword arguments."""
    return dict(params) if isinstance(params, dict) else params.model_dump()
