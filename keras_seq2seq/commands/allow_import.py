"""The flag that permits classes of the user's own."""


def add_allow_import(parser):
    """Adds `--allow_import`, which may be given several times."""
    parser.add_argument(
        "--allow_import",
        action="append",
        default=[],
        metavar="MODULE",
        help="a module of your own that the configuration names",
    )
