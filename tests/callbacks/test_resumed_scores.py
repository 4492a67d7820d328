"""The score files of a run that is resumed: its own past and nothing else."""

from gan_lightning.evaluation.records import ScoreFile, ScoringFailure
from support.scoring import record


def test_a_broken_line_of_a_score_file_is_left_out(tmp_path):
    file = ScoreFile(tmp_path / "run" / "scores.jsonl")
    assert file.read() == []
    file.append([record(1.0, 1), record(2.0, 5)])
    with file.file.open("a") as stream:
        stream.write('{"score": "fd')
    assert [each.iteration for each in file.read()] == [1, 5]
    file.rewind(1)
    file.append([record(3.0, 4)])
    assert [each.value for each in file.read()] == [1.0, 3.0]


def test_rewinding_a_score_file_keeps_what_it_does_not_know(tmp_path):
    file = ScoreFile(tmp_path / "scores.jsonl")
    unknown = '{"iteration": 1, "score": "of a later version"}'
    file.file.write_text(f"{unknown}\nno json\n")
    file.append([record(1.0, 1), ScoringFailure(2, "why"), ScoringFailure(3, "not finite"), record(2.0, 4)])
    file.rewind(2)
    assert file.file.read_text().split("\n")[:2] == [unknown, "no json"]
    assert [each.value for each in file.read()] == [1.0]
    assert file.failures() == [ScoringFailure(2, "why")]
    assert not list(tmp_path.glob("*.tmp"))
