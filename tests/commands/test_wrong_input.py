"""Wrong input on the command line: exit code 2 and one sentence that names the key."""

import pytest

from support.command import NARROW

WRONG = {
    "a misspelt key": (["trainer.max_epoch=1"], "did you mean trainer.max_epochs"),
    "a misspelt group": (["modle=dcgan"], "did you mean model"),
    "a loss's key without its place": (["loss.factor=1", "loss=least_squares"], "model.loss"),
    "an unknown model": (["model=dcgn"], "did you mean dcgan? There are acgan, cgan, cyclegan, dcgan, dragan, "),
    "an unknown experiment": (["experiment=tutorial/anime"], "tutorial has no option anime"),
    "a size DCGAN cannot make": (["data.image_size=28"], "model.generator: DCGAN doubles"),
    "a size LSGAN cannot make": (["model=lsgan", "data.image_size=40"], "multiple of 16; got 40"),
    "a missing folder": (["data=folder", "data.root=nowhere"], "there is no folder or .zip file nowhere"),
    "no folder": (["data=folder"], "data.root must be given"),
    "an empty folder": (["data=celeba", "data.root=."], "img_align_celeba/000001.jpg"),
    "a run folder that cannot be made": (["hydra.run.dir=/proc/none"], "/proc/none"),
    "no checkpoint": (["resume=nowhere"], "there is no nowhere"),
    "a word for a number": (["trainer.max_epochs=abc"], "trainer.max_epochs must be a whole number or null; got 'abc'"),
    "a fraction for a number": (["model.latent_dim=1.5"], "model.latent_dim must be a whole number of at least 1"),
    "an empty batch": (["data.batch_size=0"], "data.batch_size must be a whole number of at least 1; got 0"),
    "a negative batch": (["data.batch_size=-8"], "got -8"),
    "a negative size": (["data.image_size=-1"], "must be a whole number of at least 1; got -1"),
    "never": (["model.generator_every=0"], "model.generator_every must be a whole number of at least 1; got 0"),
    "a checkpoint never": (["callbacks.checkpoint.every_n_iterations=0"], "every_n_iterations must be"),
    "nobody moves": (["model.generator_every=2", "model.discriminator_every=2"], "must be 1"),
    "an added key that nothing takes": (["+model.foo=1"], "model.foo is not known"),
    "classes of data without labels": (["model=cgan", "data=celeba"], "model.num_classes needs data.num_classes"),
    "a network by class for a model without": (
        ["network=cgan"],
        "takes latents and labels; choose another network, or model=cgan or model=acgan",
    ),
    "a network without classes": (
        ["model=cgan", "network=dcgan"],
        "CGAN gives its generator latents and labels, and DCGANGenerator takes latents; choose another network",
    ),
    "batch norm under a gradient penalty": (["model=wgan_gp", "network=dcgan"], "use instance, group or no norm"),
    "a schedule without an end": (["schedule=linear", "trainer.max_epochs=-1"], "a schedule needs a run with an end"),
    "a class that is not there": (
        ["model.loss._target_=mine.Absolute"],
        "there is no mine.Absolute: is the folder of its module on PYTHONPATH?",
    ),
    "a key that the network lacks": (["network=r3gan", "model.discriminator.norm=null"], "model.discriminator.norm is"),
    "an option that is none": (["model.first=nobody"], "one of discriminator, generator; got 'nobody'"),
    "pairs for a model of images": (
        ["data=photos_paired", "data.image_size=32"],
        "gives batches of Aligned (PhotosPaired), and model takes Labelled or Unlabelled",
    ),
    "no logging": (["trainer.log_every_n_steps=0"], "trainer.log_every_n_steps must be at least 1; got 0"),
    "two devices without a plan": (["trainer.devices=2"], "trainer.devices=2 needs trainer=ddp"),
    "a folder that is not there, with spaces": (
        ["data=folder", "data.root=no such folder"],
        "there is no folder or .zip file no such folder",
    ),
    "no loss": (["loss=[]"], "model.loss must be given"),
    "a negative rate": (
        ["model.generator_optimizer.lr=-1"],
        "model.generator_optimizer cannot be made: Invalid learning",
    ),
    "one beta": (["model.discriminator_optimizer.betas=[0.5]"], "optimizer cannot be made: list index out of range"),
    "a huge seed": (["seed=99999999999"], "seed must be a whole number from 0 to 4294967295; got 99999999999"),
    "a word for a seed": (["seed=abc"], "seed must be a whole number"),
    "nothing to do": (["trainer.max_epochs=0"], "trainer.max_epochs must not be 0"),
    "a folder that cannot be written": (["callbacks.checkpoint.folder=/proc/none"], "/proc/none"),
    "a folder without classes": (
        ["data=folder_labelled", "data.root=nowhere"],
        "one sub-folder for each class, or with dataset.json; got nowhere",
    ),
    "no command": (["evaluat"], "evaluat is neither key=value nor a command; did you mean evaluate? Commands are"),
    "no override": (["a b"], "cannot be read as key=value"),
    "settings of a penalty that is not chosen": (
        ["experiment=ring/wgan_gp", "penalty=[]"],
        "model.penalties.gradient_penalty is given settings, but gradient_penalty is not among the chosen penalties",
    ),
    "settings of a reconstruction that is not chosen": (
        ["model=pix2pix", "data=photos_paired", "+model.reconstructions.l2.weight=1"],
        "model.reconstructions.l2 is given settings, but l2 is not among the chosen reconstructions; choose it, or",
    ),
    "an unknown precision": (["trainer.precision=17"], "trainer.precision must be"),
}


@pytest.mark.parametrize("case", WRONG)
def test_bad_input_gets_one_sentence_that_names_the_key(case, gan_lightning):
    arguments, said = WRONG[case]
    code, err = gan_lightning(*arguments)
    assert code == 2
    assert said in err
    lines = [line for line in err.splitlines() if line.startswith("error: ")]
    assert len(lines) == 1
    assert "Traceback" not in err


RENAMED = {
    "callbacks.checkpoint.every_n_train_steps=5": "callbacks.checkpoint.every_n_iterations",
    "callbacks.samples.every_n_steps=5": "callbacks.samples.every_n_iterations",
    "callbacks.scores.every_n_images=5": "callbacks.scores.every_n_iterations, in batches",
    "+callbacks.scores.every_n_images=5": "callbacks.scores.every_n_iterations, in batches",
    "comparison=[l1]": "reconstruction",
    "model.comparisons.l1.weight=5": "model.reconstructions.l1.weight",
    "+model.comparisons.l1.weight=5": "model.reconstructions",
    "callbacks.gentle_stop=null": "callbacks.graceful_stop",
    "callbacks=gentle_stop": "graceful_stop",
}


@pytest.mark.parametrize("given", RENAMED)
def test_a_renamed_key_gets_one_sentence_with_its_new_name(given, gan_lightning):
    code, err = gan_lightning("model=pix2pix", "data=photos_paired", given)
    assert code == 2
    (line,) = [line for line in err.splitlines() if line.startswith("error: ")]
    assert line.endswith(f"; it is called {RENAMED[given]} now")
    assert "Traceback" not in err


@pytest.mark.parametrize("given", ["callbacks.best_checkpoint=null", "callbacks=[checkpoint,best_checkpoint]"])
def test_the_best_checkpoint_is_said_to_be_part_of_the_checkpoints(given, gan_lightning):
    code, err = gan_lightning(given)
    assert code == 2
    assert "; callbacks.checkpoint also writes best.ckpt now, so leave it out" in err


@pytest.mark.parametrize("content", [b"", b"no checkpoint", b"<html>404</html>" * 100])
def test_an_unreadable_checkpoint_is_named(content, gan_lightning, tmp_path):
    (tmp_path / "bad.ckpt").write_bytes(content)
    code, err = gan_lightning(*NARROW, f"resume={tmp_path / 'bad.ckpt'}")
    assert code == 2
    assert "bad.ckpt is no readable checkpoint" in err
    assert "Traceback" not in err
