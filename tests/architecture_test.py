"""The shape of the house: floors, cycles, names, docstrings, tests."""

import ast
import collections
import graphlib
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "keras_seq2seq"
TESTS = ROOT / "tests"
# A unit imports from lower floors only, and from itself.
FLOORS = (
    # The version, what all may raise, and a loop that `ops` is built on.
    {"", "errors", "tensorflow_scan"},
    {"tokens", "ops", "processors", "config"},
    {
        "data",
        "layers",
        "search",
        "metrics",
        "distribution",
        "optimizers",
        "checkpoint",
    },
    {"zoo", "callbacks", "initializers"},
    {"views"},
    # Tasks only see what was generated; a recipe makes them.
    {"tasks"},
    {
        "recipe",
        "run_files",
        "start_banner",
        "step_timing",
        "operations",
        "training_remarks",
        "training_run",
        "search_flags",
    },
    {"evaluation_metrics", "teacher_forcing"},
    {
        "dev_scores",
        "divergence",
        "termination",
        "hooks",
        "initial_weights",
        "freezing",
    },
    {"fitting", "run_callbacks"},
    {"inference", "set_up"},
    {"training"},
    {
        "quickstart",
        "selftest",
        "benchmark",
        "profiling",
        "automatic",
        "evaluation",
        "sagemaker",
        "serving",
    },
    {"commands"},
    {"__main__"},
)
# Imports ours inside of functions, to start fast; so do the commands.
LAZY = {"keras_seq2seq.__main__"}
FORBIDDEN_NAMES = {"utils", "helpers", "misc", "common", "base"}
IMPORTS = (ast.Import, ast.ImportFrom)
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def module_name(path):
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {
    module_name(path): (path, ast.parse(path.read_text("utf-8")))
    for path in sorted(PACKAGE.rglob("*.py"))
}


def unit(module):
    return (module.split(".") + [""])[1]


def floor(module):
    return next(
        (n for n, units in enumerate(FLOORS) if unit(module) in units), None
    )


def own_imports(tree, nodes=ast.walk):
    """Modules of ours that a syntax tree imports, by default anywhere."""
    for node in nodes(tree):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            deeper = [f"{node.module}.{alias.name}" for alias in node.names]
            names = [n if n in MODULES else node.module for n in deeper]
        yield from (n for n in names if n and n.startswith("keras_seq2seq"))


def outside_of_functions(tree):
    yield tree
    for child in ast.iter_child_nodes(tree):
        if not isinstance(child, FUNCTIONS):
            yield from outside_of_functions(child)


def functions(tree):
    return [node for node in ast.walk(tree) if isinstance(node, FUNCTIONS)]


def test_every_unit_has_a_floor():
    assert [name for name in MODULES if floor(name) is None] == []


def test_units_import_from_lower_floors_only():
    upward = [
        f"{name} imports {other}"
        for name, (_, tree) in MODULES.items()
        for other in own_imports(tree)
        if unit(other) != unit(name) and floor(other) >= floor(name)
    ]
    assert upward == []


def test_imports_have_no_cycle():
    graph = {
        name: set(own_imports(tree, outside_of_functions)) - {name}
        for name, (_, tree) in MODULES.items()
    }
    graphlib.TopologicalSorter(graph).prepare()  # raises CycleError


def test_imports_of_ours_stand_at_the_top():
    inside = [
        f"{name}:{node.lineno}"
        for name, (_, tree) in MODULES.items()
        if name not in LAZY and unit(name) != "commands"
        for function in functions(tree)
        for node in ast.walk(function)
        if isinstance(node, IMPORTS) and list(own_imports(node))
    ]
    assert inside == []


def test_no_file_has_a_name_that_says_nothing():
    named = [path.name for path, _ in MODULES.values()]
    assert [n for n in named if n.removesuffix(".py") in FORBIDDEN_NAMES] == []


def test_the_package_has_no_assert():
    found = [
        f"{name}:{node.lineno}"
        for name, (_, tree) in MODULES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Assert)
    ]
    assert found == []


def test_no_argument_is_named_mask():
    found = [
        f"{name}.{function.name}"
        for name, (_, tree) in MODULES.items()
        for function in functions(tree)
        for argument in ast.walk(function.args)
        if isinstance(argument, ast.arg) and argument.arg == "mask"
    ]
    assert found == []


def test_everything_public_has_a_docstring():
    definitions = (ast.ClassDef, *FUNCTIONS)
    silent = [
        f"{name}.{node.name}"
        for name, (_, tree) in MODULES.items()
        for node in tree.body
        if isinstance(node, definitions)
        and not node.name.startswith("_")
        and not ast.get_docstring(node)
    ]
    assert silent == []
    filled = [name for name, (_, tree) in MODULES.items() if tree.body]
    assert [n for n in filled if not ast.get_docstring(MODULES[n][1])] == []


# Tests --------------------------------------------------------------------


def collectable():
    for path in sorted(TESTS.rglob("*.py")):
        body = ast.parse(path.read_text("utf-8")).body
        names = [node.name for node in body if isinstance(node, FUNCTIONS)]
        yield path, [name for name in names if name.startswith("test")]


def test_tests_live_in_files_that_pytest_collects():
    text = (ROOT / "pyproject.toml").read_text("utf-8")
    options = tomllib.loads(text)["tool"]["pytest"]["ini_options"]
    assert options["python_files"] == ["*_test.py"]
    assert options["testpaths"] == ["tests"]
    for path, names in collectable():
        collected = path.name.endswith("_test.py")
        assert bool(names) == collected, path


def test_no_test_hides_another_of_its_name():
    for path, names in collectable():
        double = [n for n, k in collections.Counter(names).items() if k > 1]
        assert double == [], path


def test_no_class_holds_tests():
    for path in TESTS.rglob("*_test.py"):
        body = ast.parse(path.read_text("utf-8")).body
        classes = [n.name for n in body if isinstance(n, ast.ClassDef)]
        assert [c for c in classes if c.startswith("Test")] == [], path


# Start-up -----------------------------------------------------------------


def python(code):
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(
    "modules",
    [
        "keras_seq2seq",
        "keras_seq2seq.__main__",
        "keras_seq2seq.tokens, keras_seq2seq.errors",
        "keras_seq2seq.metrics, keras_seq2seq.config.files",
        "keras_seq2seq.data.vocabulary, keras_seq2seq.data.vectors",
    ],
)
def test_importing_loads_neither_tensorflow_nor_keras(modules):
    code = f"import sys, {modules}; print(*sys.modules)"
    loaded = set(python(code).split())
    assert loaded & {"tensorflow", "keras", "torch", "jax"} == set()


def test_the_keras_metrics_do_not_load_tensorflow_by_themselves():
    for name in ("perplexity", "token_accuracy"):
        _, tree = MODULES[f"keras_seq2seq.metrics.{name}"]
        imports = [node for node in ast.walk(tree) if isinstance(node, IMPORTS)]
        assert "tensorflow" not in " ".join(map(ast.unparse, imports))


def test_importing_takes_less_than_300_milliseconds():
    code = (
        "import time; begin = time.perf_counter(); import keras_seq2seq; "
        "print(time.perf_counter() - begin)"
    )
    assert min(float(python(code)) for _ in range(5)) < 0.3


def test_the_page_for_contributors_has_the_same_floors():
    page = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    rows = re.findall(r"^\| (\d+) \| (.*) \|$", page, re.MULTILINE)
    told = {int(n): set(re.findall(r"`(\w+)`", text)) for n, text in rows}
    assert told == {n: units - {""} for n, units in enumerate(FLOORS)}


def test_every_unit_of_a_floor_is_there():
    units = set().union(*FLOORS) - {""}
    assert units <= {unit(module) for module in MODULES}
