"""Records: their lines, and the differences of their protocols."""

import dataclasses

import pytest

from gan_lightning.evaluation.records import CIRCUMSTANCES, ScoreRecord, protocol_differences
from support.records import records


def test_a_record_read_from_its_line_is_equal():
    for record in records()[0]:
        assert ScoreRecord.from_json(record.to_json()) == record
        assert "\n" not in record.to_json()


@pytest.mark.parametrize("text", ["", "[1]", "{}", '{"score": "fid"}'])
def test_a_line_that_is_no_record_is_refused_in_a_sentence(text):
    with pytest.raises(ValueError, match="a ScoreRecord must be a JSON object"):
        ScoreRecord.from_json(text)


def test_differences_name_every_field_of_the_protocol_and_none_of_the_circumstances():
    record = records()[0][0]
    assert protocol_differences(record, record) == []
    other = {
        "value": 2.0,
        "weights": "raw",
        "batch_norm": "batch",
        "warnings": ["other"],
        "better": "higher",
        "interval": [0.0, 1.0],
    }
    for field in dataclasses.fields(ScoreRecord):
        value = getattr(record, field.name)
        if isinstance(value, dict):
            continue
        changed = other.get(field.name, value + 1 if isinstance(value, int) else f"not {value}")
        expected = [] if field.name in CIRCUMSTANCES else [f"{field.name}: {value} and {changed}"]
        assert protocol_differences(record, dataclasses.replace(record, **{field.name: changed})) == expected


def test_differences_inside_a_dictionary_are_named_by_their_key():
    record, other = (
        dataclasses.replace(records()[0][0], settings={"subsets": 100, "size": size}, versions=versions)
        for size, versions in ((10, {"torch": "2", "numpy": "1.26"}), (20, {"torch": "2", "pillow": "11"}))
    )
    expected = ["settings.size: 10 and 20", "versions.numpy: 1.26 and none", "versions.pillow: none and 11"]
    assert protocol_differences(record, other) == expected


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_score_that_is_no_number_gets_no_record(value):
    with pytest.raises(ValueError, match="fd_random must be a finite number"):
        dataclasses.replace(records()[0][0], value=value)
