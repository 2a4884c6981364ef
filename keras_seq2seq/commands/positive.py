"""Whole numbers of at least 1, for flags."""

import argparse


def positive(text):
    """Reads a flag's number; argparse puts the flag's name before errors."""
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        raise argparse.ArgumentTypeError(
            f"expected a whole number of at least 1. Received: {text!r}"
        )
    return number
