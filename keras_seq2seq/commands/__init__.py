"""The commands, one per module; each loads what it needs when it runs."""
