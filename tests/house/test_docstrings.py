"""The examples in docstrings do what they show."""

import doctest
import importlib

import pytest
import torch

from support.configuration import ROOT

FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
MODULES = sorted(
    ".".join(file.relative_to(ROOT).with_suffix("").parts)
    for file in (ROOT / "gan_lightning").rglob("*.py")
    if ">>> " in file.read_text(encoding="utf-8")
)


def run(module):
    """Run the examples of a module; return how many there are, and what failed."""
    failures = []
    runner = doctest.DocTestRunner(verbose=False, optionflags=FLAGS)
    for test in doctest.DocTestFinder().find(module):
        runner.run(test, out=failures.append)
    return runner.summarize(verbose=False), "".join(failures)


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_a_module_do_what_they_show(name):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        results, failures = run(importlib.import_module(name))
    assert results.attempted, f"{name} has an example that doctest does not find"
    assert not failures, failures


def test_classes_that_researchers_import_have_an_example():
    metrics = "gan_lightning.metrics"
    assert {f"{metrics}.metric", f"{metrics}.fid", f"{metrics}.extractors.extractor"} <= set(MODULES)
