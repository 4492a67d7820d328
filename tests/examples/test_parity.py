"""The tutorials' experiments, through the real Trainer and data module, compared with the plain loops in examples/.

An example's step is fed the batches that our data module handed over and the latents that our model drew, in their
order, from the same weights. In float64, because in float32 Adam turns rounding errors in biases under a norm layer
into full steps.
"""

import copy
import re
from dataclasses import dataclass, field
from inspect import signature
from pathlib import Path
from typing import Any

import pytest
import torch
from hydra.utils import instantiate
from lightning import Trainer
from lightning.pytorch.callbacks import Callback

from support.example_files import EXAMPLES, load
from support.recording import Losses
from support.small_files import picture

ITERATIONS = 10


@dataclass
class Case:
    """What an experiment is compared with, and on which data.

    Args:
        example: the file in examples/.
        build: arguments of its `build`, and of its `train_step` where it takes them too.
        data: the pictures that both are given: 22 faces, 40 digits, or two domains of 10 and 6.
        batch_size: such that an epoch ends within the iterations; the anime DCGAN counts within the epoch, so not for it.
        latents: their distribution and number.
        shares_fakes: whether G is trained on the fakes that D was trained on.
        generator_every: G moves in every n-th batch.
        data_overrides: overrides without which our files could not be read as the experiment reads its own.
    """

    example: str
    build: dict = field(default_factory=dict)
    data: str = "faces"
    batch_size: int = 4
    latents: tuple[str, int] = ("normal", 100)
    shares_fakes: bool = False
    generator_every: int = 1
    data_overrides: tuple[str, ...] = ()


CASES = {
    "tutorial/jittor_lsgan_celeba": Case(
        "jittor_lsgan", dict(channels=3), latents=("normal", 1024), data_overrides=("data.split=all",)
    ),
    "tutorial/jittor_lsgan_mnist": Case(
        "jittor_lsgan", dict(channels=1), data="digits", batch_size=6, latents=("normal", 1024)
    ),
    "tutorial/pytorch_dcgan_celeba": Case("pytorch_dcgan", shares_fakes=True),
    "tutorial/paddle_dcgan_mnist": Case("paddle_dcgan", dict(loss="bce"), data="digits", batch_size=6),
    "tutorial/paddle_lsgan_mnist": Case("paddle_dcgan", dict(loss="lsgan"), data="digits", batch_size=6),
    "tutorial/mlp_gan_mnist": Case("mlp_gan", data="digits", batch_size=6, latents=("uniform", 100)),
    "tutorial/dcgan_faces32": Case("dcgan_faces32", latents=("uniform", 100)),
    "tutorial/anime_dcgan": Case("anime_dcgan", batch_size=2, generator_every=5),
    "tutorial/cyclegan_horse2zebra": Case("cyclegan", data="domains", batch_size=2),
}
COUNTS = {
    "tutorial/jittor_lsgan_celeba": (15_591_427, 4_333_441),
    "tutorial/jittor_lsgan_mnist": (15_590_273, 4_330_241),
    "tutorial/pytorch_dcgan_celeba": (3_576_704, 2_765_568),
    "tutorial/paddle_dcgan_mnist": (1_066_880, 661_248),
    "tutorial/paddle_lsgan_mnist": (1_066_880, 661_248),
    "tutorial/mlp_gan_mnist": (114_800, 110_849),
    "tutorial/dcgan_faces32": (372_416, 167_809),
    "tutorial/anime_dcgan": (1_101_571, 695_105),
    "tutorial/cyclegan_horse2zebra": (2 * 8_402_176, 2 * 2_765_568),
    "paper/dcgan_celeba": (12_658_432, 11_036_160),
}


def count(*networks):
    return sum(parameter.numel() for network in networks for parameter in network.parameters())


def halves(networks):
    """Return an example's generators and its discriminators."""
    middle = len(networks) // 2
    return networks[:middle], networks[middle:]


@pytest.mark.parametrize("experiment", COUNTS)
def test_networks_have_the_tutorials_parameter_counts(experiment, composed):
    case = CASES.get(experiment, Case("pytorch_dcgan", dict(width=128)))  # the paper's networks, twice as wide
    with torch.device("meta"):
        model = instantiate(composed(f"experiment={experiment}").model)
        generators, discriminators = halves(load(case.example).build(**case.build))
    assert (count(model.generator), count(model.discriminator)) == COUNTS[experiment]
    assert (count(*generators), count(*discriminators)) == COUNTS[experiment]


@pytest.mark.parametrize("experiment", CASES)
def test_an_example_has_the_experiments_batch_size_and_epochs(experiment, composed):
    config = composed(f"experiment={experiment}")
    source = (EXAMPLES / f"{CASES[experiment].example}.py").read_text()
    for name, value in (("batch-size", config.data.batch_size), ("epochs", config.trainer.max_epochs)):
        assert re.findall(rf'\("{name}", (\d+)\)', source) == [str(value)]


@pytest.fixture(scope="module")
def data(tmp_path_factory, small_mnist, two_domains):
    """Return the folders of the pictures by their names in `Case`."""
    folder = tmp_path_factory.mktemp("faces")
    for number in range(22):
        picture(number, 60, 72).save(folder / f"{number:02d}.png")
    return {"faces": folder, "digits": small_mnist, "domains": two_domains}


class Watch(Callback):
    """Records each batch, and the latents that are drawn for it with the state of torch's stream at that moment."""

    def __init__(self, model):
        self.batches, self.latents = [], []
        if "" in model.directions:
            self.draw, model.inputs = model.inputs, self.inputs

    def on_train_batch_start(self, trainer, module, batch, batch_idx):
        self.batches.append(batch)
        self.latents.append([])

    def inputs(self, batch, direction):
        (latents,) = self.draw(batch, direction)
        self.latents[-1].append((latents, torch.get_rng_state()))
        return (latents,)


@dataclass
class Run:
    """Ten iterations of an experiment of ours, and its example's module and networks before the first."""

    case: Case
    example: Any
    networks: list
    model: Any
    watch: Watch
    losses: list
    folder: Path

    def pairs(self, networks):
        """Return each of our networks beside the example's."""
        ours = [self.model.generator, self.model.discriminator]
        if self.case.data == "domains":
            ours = [network for both in ours for network in both.values()]
        return zip(ours, networks, strict=True)


RUNS: dict[str, Run] = {}


@pytest.fixture
def run(request, composed, data):
    """Return the run of an experiment, which is trained once for all tests."""
    experiment = request.param
    if experiment not in RUNS:
        case, folder = CASES[experiment], data[CASES[experiment].data]
        example = load(case.example)
        torch.manual_seed(1)
        networks = [network.double() for network in example.build(**case.build, width=2)]
        small = ["model.generator.width=2", "model.discriminator.width=2", f"data.batch_size={case.batch_size}"]
        config = composed(
            f"experiment={experiment}", *small, f"data.root={folder}", "data.num_workers=0", *case.data_overrides
        )
        model = instantiate(config.model).double()
        watch, losses = Watch(model), Losses()
        trained = Run(case, example, networks, model, watch, losses.seen, folder)
        for ours, plain in trained.pairs(networks):
            for own, weight in zip(ours.parameters(), plain.parameters(), strict=True):
                assert own.shape == weight.shape
                own.data.copy_(weight.data)
        trainer = Trainer(
            accelerator="cpu", max_steps=ITERATIONS, max_epochs=-1, callbacks=[watch, losses], log_every_n_steps=1,
            logger=False, enable_checkpointing=False, enable_progress_bar=False, enable_model_summary=False,
        )  # fmt: skip
        trainer.fit(model, instantiate(config.data))
        assert trainer.global_step == len(watch.batches) == ITERATIONS
        RUNS[experiment] = trained
    return RUNS[experiment]


all_runs = pytest.mark.parametrize("run", CASES, indirect=True)
from_noise = pytest.mark.parametrize("run", [e for e in CASES if CASES[e].data != "domains"], indirect=True)


def plain_loop(run):
    """Train a copy of the example's networks on what our run saw; return the losses of each step and the networks."""
    step, networks = run.example.train_step, copy.deepcopy(run.networks)
    parameters = [list(network.parameters()) for network in networks]
    if run.case.data == "domains":
        parameters = [parameters[0] + parameters[1], *parameters[2:]]  # one optimizer for both generators
    optimizers = [torch.optim.Adam(each, **run.example.ADAM) for each in parameters]
    losses = []
    for number, (batch, drawn) in enumerate(zip(run.watch.batches, run.watch.latents, strict=True)):
        if run.case.data == "domains":
            losses.append(step(networks, optimizers, *batch))
            continue
        left = iter(drawn)

        def noise(rows, left=left):
            latents, state = next(left)
            latents = latents.view_as(run.example.noise(rows))
            torch.set_rng_state(state)  # so that dropout draws what it drew in our run
            return latents

        settings = run.case.build | dict(number=number)
        taken = {name: settings[name] for name in settings if name in signature(step).parameters}
        losses.append(step(*networks, *optimizers, batch.images, noise=noise, **taken))
        assert next(left, None) is None, "our run drew latents that the example does not ask for"
    return losses, networks


@all_runs
def test_ten_iterations_equal_the_examples_loop(run):
    with torch.random.fork_rng(devices=[]):
        losses, networks = plain_loop(run)
    for number, (ours, (loss_d, loss_g, *_)) in enumerate(zip(run.losses, losses, strict=True), start=1):
        assert ours["discriminator/loss"] == pytest.approx(loss_d, abs=1e-6)
        assert (loss_g is None) == (number % run.case.generator_every > 0)
        if loss_g is not None:
            assert ours["generator/loss"] == pytest.approx(loss_g, abs=1e-6)
    for before, after in zip(run.networks, networks, strict=True):
        assert max((a - b).abs().max() for a, b in zip(after.parameters(), before.parameters(), strict=True)) > 1e-4
    for ours, plain in run.pairs(networks):
        for own, weight in zip(ours.parameters(), plain.parameters(), strict=True):
            torch.testing.assert_close(own, weight, rtol=0, atol=1e-6)
        for own, buffer in zip(ours.buffers(), plain.buffers(), strict=True):
            torch.testing.assert_close(own, buffer, rtol=0, atol=1e-6)


@from_noise
def test_latents_are_as_many_and_distributed_as_the_tutorials(run):
    case = run.case
    distribution, columns = case.latents
    for number, (batch, drawn) in enumerate(zip(run.watch.batches, run.watch.latents, strict=True), start=1):
        moves_g = number % case.generator_every == 0
        assert len(drawn) == 1 + (moves_g and not case.shares_fakes), "G has noise of its own, or D's fakes"
        assert all(latents.shape == (len(batch.images), columns) for latents, _ in drawn)
    ours = torch.cat([latents for drawn in run.watch.latents for latents, _ in drawn])
    assert len(ours.unique(dim=0)) == len(ours), "no latent is drawn twice"
    for latents in (ours, run.example.noise(200).flatten(1).cpu()):
        assert latents.shape[1] == columns
        assert float(latents.mean()) == pytest.approx(0, abs=0.1)
        assert float(latents.var()) == pytest.approx(1 if distribution == "normal" else 1 / 3, rel=0.15)
        assert (float(latents.abs().max()) <= 1) == (distribution == "uniform")


def levels(images):
    """Return images in [-1, 1] as bytes, one object for each."""
    return [image.numpy().tobytes() for image in ((images.double() + 1) * 127.5).round().to(torch.uint8)]


def pictures(run):
    """Return the pictures of each domain as the example reads them."""
    example, folder = run.example, run.folder
    if run.case.data == "digits":
        return [example.Pictures(example.digits(folder / "train-images-idx3-ubyte.gz"))]
    places = ["trainA", "trainB"] if run.case.data == "domains" else ["."]
    return [example.Pictures(sorted((folder / place).iterdir())) for place in places]


@all_runs
def test_batches_hold_each_of_the_examples_pictures_once_in_an_epoch_in_an_order_of_the_seed(run):
    domains = [levels(torch.stack([each[number] for number in range(len(each))])) for each in pictures(run)]
    length, batch_size = max(map(len, domains)), run.case.batch_size
    sizes = [len(batch[0]) for batch in run.watch.batches]
    of_epoch = [batch_size] * (length // batch_size) + [rest for rest in [length % batch_size] if rest]
    assert sizes == (2 * of_epoch)[:ITERATIONS]
    for number, known in enumerate(domains):
        assert len(set(known)) == len(known), "each picture can be told from the others"
        seen = [image for batch in run.watch.batches for image in levels(batch[number])]
        assert set(seen) <= set(known), "our pictures are the example's, pixel by pixel"
        first, second = ([known.index(image) for image in part] for part in (seen[:length], seen[length:]))
        for epoch in (first, second):
            for start in range(0, len(epoch), len(known)):  # a smaller domain is gone through more than once
                once = epoch[start : start + len(known)]
                assert len(set(once)) == len(once)
                assert once != sorted(once)
        assert set(first[: len(known)]) == set(range(len(known))) or len(seen) < length
        assert first[: len(second)] != second or not second, "each epoch has an order of its own"
