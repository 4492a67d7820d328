"""The configuration of metrics and extractors, and what importing them needs."""

import json
import subprocess
import sys

import pytest
from hydra import compose, initialize_config_dir
from hydra.utils import instantiate
from omegaconf import OmegaConf

from gan_lightning.config import schema
from gan_lightning.metrics.extractors.extractor import Extractor
from gan_lightning.metrics.metric import Metric
from support.configuration import CONF, ROOT, options


def composed(*overrides):
    with initialize_config_dir(str(CONF), version_base="1.3"):
        return compose("config", overrides=["run_dir=unused", *overrides])


@pytest.mark.parametrize("name", options("metric"))
def test_every_metric_composes_and_its_settings_are_plain(name):
    config = composed(f"metric=[{name}]")
    schema.check(config)
    (metric,) = instantiate(config.metrics).values()
    assert isinstance(metric, Metric)
    assert json.dumps(metric.settings)


def test_the_kernel_distance_needs_pairs():
    with pytest.raises(ValueError, match=r"metrics\.kid\.subset_size must be a whole number of at least 2; got 1"):
        schema.check(composed("metric=[kid]", "metrics.kid.subset_size=1"))


def test_metrics_compose_as_a_list():
    metrics = composed(f"metric=[{','.join(options('metric'))}]").metrics
    assert sorted(metrics) == options("metric")
    assert OmegaConf.is_dict(metrics)


@pytest.mark.parametrize("name", options("extractor"))
def test_every_extractor_composes(name, inception_weights):
    chosen = [f"extractor.weights={inception_weights}"] if name == "inception" else []
    config = composed(f"extractor={name}", *chosen)
    schema.check(config)
    assert isinstance(instantiate(config.extractor), Extractor)


def test_importing_every_part_reaches_no_network_and_no_trainer():
    parts = [
        ".".join(file.relative_to(ROOT).with_suffix("").parts)
        for file in sorted((ROOT / "gan_lightning" / "metrics").rglob("*.py"))
        if file.stem != "__init__"
    ]
    program = "\n".join([
        "import socket, sys",
        "def refuse(*_, **__): raise SystemExit('tried the network')",
        "socket.socket.connect = socket.getaddrinfo = refuse",
        *(f"import {part}" for part in parts),
        "print(sorted({'lightning', 'hydra', 'omegaconf', 'torchmetrics'} & sys.modules.keys()))",
    ])  # fmt: skip
    shown = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert shown.stdout.strip() == "[]", shown.stdout + shown.stderr
    assert {"gan_lightning.metrics.fid", "gan_lightning.metrics.extractors.inception"} < set(parts)
