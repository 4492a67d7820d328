"""Signals during training, in this process: what they end, what is said and what is kept."""

import multiprocessing
import os
import signal

import pytest
import torch
from hydra.utils import instantiate
from lightning import Callback

from gan_lightning.config.exhausted import told
from gan_lightning.evaluation import scorer
from gan_lightning.signals import STOPS, Stopped
from support.checkpoints import assert_same
from support.scoring import CLASSES, EVERY_SECOND, QUIET, iterations

HANDLERS = [signal.getsignal(number) for number in STOPS]


@pytest.fixture
def chosen(roots):
    return [*QUIET, *CLASSES, *roots["folder_labelled"], "callbacks=[scores,checkpoint,graceful_stop]"]


@pytest.fixture
def play(composed, chosen, tmp_path):
    """Run ten iterations, in one of which signals come; return the model and the trainer."""

    def play(*signals, at=2, more=(), folder="run", resume=None, others=()):
        config = composed(*chosen, "trainer.max_steps=10", *more, run_dir=tmp_path / folder)
        torch.manual_seed(0)
        model, data, trainer = (instantiate(config[part]) for part in ("model", "data", "trainer"))
        trainer.callbacks += others
        step = type(model).training_step

        def training_step(*given):
            if trainer.global_step == at:
                for number in signals:
                    os.kill(os.getpid(), number)
            return step(model, *given)

        model.training_step = training_step
        with told(config, trainer):
            trainer.fit(model, data, ckpt_path=resume, weights_only=True)
        return model, trainer

    return play


def checkpoint(folder, name="last"):
    return torch.load(folder / "checkpoints" / f"{name}.ckpt", weights_only=True)


@pytest.mark.parametrize("number", STOPS)
def test_a_signal_ends_the_iteration_in_which_it_comes(number, play, tmp_path, capfd):
    model, trainer = play(number, number if number != signal.SIGINT else signal.SIGTERM)
    assert (trainer.global_step, checkpoint(tmp_path / "run")["global_step"]) == (3, 3)
    assert model.interrupted == max(number, signal.SIGTERM if number == signal.SIGINT else 0)
    said = capfd.readouterr().err
    assert ("stopping after this iteration; press Ctrl-C again to stop without saving\n" in said) == (number == 2)
    assert "stopping after this iteration\n" in said
    assert [signal.getsignal(number) for number in STOPS] == HANDLERS


def test_a_second_ctrl_c_stops_at_once_without_saving_and_says_what_is_kept(play, tmp_path, caplog, capfd):
    with caplog.at_level("INFO"), pytest.raises(Stopped) as raised:
        play(signal.SIGINT, signal.SIGINT, at=4, more=["callbacks.checkpoint.every_n_iterations=2"])
    assert raised.value.code == 130
    assert "stopped at iteration 4 without saving; the checkpoint of iteration 4 is kept" in caplog.text
    assert checkpoint(tmp_path / "run")["global_step"] == 4
    assert [signal.getsignal(number) for number in STOPS] == HANDLERS


def test_an_order_that_comes_twice_is_one_order(play, tmp_path):
    play(signal.SIGTERM, signal.SIGTERM, signal.SIGUSR1)
    assert checkpoint(tmp_path / "run")["global_step"] == 3


def test_an_order_that_comes_twice_is_one_order_while_the_last_files_are_written_too(play):
    class Late(Callback):
        """Is asked to stop while it writes."""

        wrote = False

        def teardown(self, trainer, pl_module, stage):
            os.kill(os.getpid(), signal.SIGTERM)
            self.wrote = True

    late = Late()
    assert play(signal.SIGTERM, others=[late])[0].interrupted == signal.SIGTERM
    assert late.wrote
    assert [signal.getsignal(number) for number in STOPS] == HANDLERS


def test_scores_under_way_are_abandoned_and_the_resumed_run_makes_up_for_them(play, tmp_path, monkeypatch, caplog):
    sample = scorer.sample_images

    def signalled(model, *given):
        for number, batch in enumerate(sample(model, *given)):
            yield batch
            if model.trainer.global_step == 4 and number == 0:
                os.kill(os.getpid(), signal.SIGTERM)

    scored = [*EVERY_SECOND, "callbacks.scores.batch_size=6", "callbacks.scores.num_images=12"]
    play(more=scored, folder="whole")
    with monkeypatch.context() as patch:
        patch.setattr(scorer, "sample_images", signalled)
        with caplog.at_level("INFO"):
            play(more=scored)
    assert "no scores at iteration 4, because a signal has ended the run; the resumed run will make up" in caplog.text
    assert iterations(tmp_path / "run") == [2]
    last = tmp_path / "run" / "checkpoints" / "last.ckpt"
    assert checkpoint(tmp_path / "run")["global_step"] == 4
    play(more=scored, resume=last)
    assert iterations(tmp_path / "run") == iterations(tmp_path / "whole") == [2, 4, 6, 8, 10]
    for part in ("state_dict", "optimizer_states", "callbacks"):
        assert_same(checkpoint(tmp_path / "run")[part], checkpoint(tmp_path / "whole")[part], part)


def test_a_stop_owes_no_scores_that_were_not_due(play, tmp_path):
    play(signal.SIGTERM, at=4, more=EVERY_SECOND)
    state = checkpoint(tmp_path / "run")
    assert state["global_step"] == 5
    assert "owed" not in state["callbacks"]["Scores"]
    assert iterations(tmp_path / "run") == [2, 4]


def test_data_workers_leave_signals_to_the_run(roots, composed, tmp_path):
    config = composed(*QUIET, *CLASSES, *roots["folder_labelled"], "data.num_workers=1", run_dir=tmp_path)
    data = instantiate(config.data)
    data.prepare_data()
    data.setup("fit")
    batches = iter(data.train_dataloader())
    next(batches)
    (worker,) = multiprocessing.active_children()
    assert os.getpgid(worker.pid) == worker.pid
    for number in (signal.SIGINT, signal.SIGUSR1):
        os.kill(worker.pid, number)
    assert len(list(batches)) == 3


def test_a_stop_before_a_checkpoint_is_read_names_its_iteration(composed, chosen, tmp_path, caplog):
    trainer = instantiate(composed(*chosen).trainer)
    with caplog.at_level("INFO"), pytest.raises(Stopped), told(composed(run_dir=tmp_path), trainer, begins=7):
        raise Stopped(signal.SIGINT)
    assert "stopped at iteration 7 without saving" in caplog.text
