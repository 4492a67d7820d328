"""Labels in `dataset.json`: read as often as their file changes, and no more."""

import json

from gan_lightning.config.resolvers import class_count


def test_labels_are_read_once_until_their_file_changes(tmp_path, monkeypatch):
    read = []
    loads = json.loads
    monkeypatch.setattr(json, "loads", lambda text: read.append(text) or loads(text))
    for labels, count in (([["1.png", 4]], 5), ([["1.png", 12]], 13)):
        (tmp_path / "dataset.json").write_text(json.dumps({"labels": labels}))
        assert [class_count(str(tmp_path)) for _ in range(3)] == [count] * 3
    assert len(read) == 2


def test_each_folder_has_labels_of_its_own(tmp_path):
    for name, number in (("a", 1), ("b", 2), ("c", 3), ("a", 1)):
        (tmp_path / name).mkdir(exist_ok=True)
        (tmp_path / name / "dataset.json").write_text(json.dumps({"labels": [["1.png", number]]}))
        assert class_count(str(tmp_path / name)) == number + 1
