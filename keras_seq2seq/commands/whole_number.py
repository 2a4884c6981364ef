"""Whole numbers of at least 0 or 1, for flags."""

import argparse


def positive(text):
    """Reads a number from 1 on."""
    return _at_least(1, text)


def non_negative(text):
    """Reads a number from 0 on."""
    return _at_least(0, text)


def _at_least(least, text):
    """Argparse puts the flag's name in front of the error."""
    try:
        number = int(text)
    except ValueError:
        number = least - 1
    if number < least:
        raise argparse.ArgumentTypeError(
            f"expected a whole number of at least {least}. Received: {text!r}"
        )
    return number
