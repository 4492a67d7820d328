"""The grader runs an answer in a process of its own, and says what is wrong in one sentence."""

import subprocess
import sys
from pathlib import Path

import pytest

from support.command import front_door

NAME = "per_image_squared_error"
RIGHT = "    return (outputs[:, 0] - targets).pow(2).mean()"
ANSWERS = {
    "right": (RIGHT, 0, f"{NAME}: right."),
    "a known mistake": ("    return ((outputs - targets) ** 2).mean()", 1, "is a matrix [N, N]"),
    "a hole": ("    ...", 1, "returns nothing yet"),
    "an error": ("    a = 1\n    return outputs @ targets[:2]", 1, "Line 3 raises RuntimeError"),
    "an endless loop": ("    while True:\n        pass", 1, "has not ended after 1 seconds: look for a loop"),
    "an exit": ("    raise SystemExit", 1, "leave out exit()"),
    "a crash": ("    import os\n    os.kill(os.getpid(), 11)", 1, "has crashed: Segmentation fault."),
    "a lack of memory": ("    import os\n    os.kill(os.getpid(), 9)", 1, "Killed; does its memory suffice?"),
}


def answer(body, above=""):
    file = Path("answer.py")
    file.write_text(f"{above}def {NAME}(outputs, targets):\n{body}\n", encoding="utf-8")
    return file


@pytest.mark.parametrize("case", ["a known mistake", "an endless loop", "a crash", *(pytest.param(each, marks=pytest.mark.slow) for each in ("right", "a hole", "an error", "an exit", "a lack of memory"))])  # fmt: skip
def test_an_answer_gets_its_sentence_and_its_exit_code(case, tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    body, code, said = ANSWERS[case]
    assert front_door("grade", answer(body), "seconds=1.0") == code
    assert said in capfd.readouterr().out
    assert not Path("outputs").exists()


def test_a_file_that_is_no_answer_is_refused_before_anything_runs(tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    Path("no_python.py").write_text("def f(:\n")
    Path("another.py").write_text("raise SystemExit(7)\n\ndef f(): ...\n")
    assert front_door("grade", "no_python.py") == 2
    assert "file=no_python.py: line 1 is no Python: " in capfd.readouterr().err
    assert front_door("grade", "another.py") == 2
    assert "must define the function of an exercise, one of cyclegan_generator_loss, " in capfd.readouterr().err
    assert front_door("grade", "missing.py") == 2
    assert "file" in capfd.readouterr().err
    assert not Path("outputs").exists()


@pytest.mark.slow
def test_what_an_answer_prints_is_shown(tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    assert front_door("grade", answer(RIGHT, above="print('hello')\n")) == 0
    assert "hello" in capfd.readouterr().out


def test_the_grader_itself_imports_no_torch():
    code = "import sys, gan_lightning.commands.grade; raise SystemExit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
