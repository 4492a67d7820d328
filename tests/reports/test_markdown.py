"""Records as Markdown."""

from dataclasses import fields, replace

from gan_lightning.evaluation.records import ScoreRecord
from gan_lightning.reports.markdown import whole_records
from support.records import records


def test_records_are_a_table_of_every_field_and_what_they_share_is_written_once():
    record, other = (replace(each, run="a|b", warnings=["One.", "Two."]) for each in records()[0][:2])
    record, other = (
        replace(record, value=12.34567891),
        replace(other, run="c", warnings=["Two."]),
    )
    table, shared = (part.split("\n") for part in whole_records([record, other]).split("\n\n"))
    columns, _, *rows = [line[2:-2].split(" | ") for line in table]
    assert columns == ["score", "value", "run", "settings"]
    assert rows == [
        ["fd_random", "12.3457", "a\\|b", ""],
        ["kd_random", f"{other.value:.6g}", "c", "subsets 3, subset_size 20"],
    ]
    assert shared[-2:] == ["- One.", "- Two."]
    assert {"- latent_seed: 7", "- data: abcdef"} < set(shared)
    left_out = 2  # the warnings, and the interval, which none of the records has
    assert len(columns) + len(shared[:-2]) + left_out == len(fields(ScoreRecord))
    alone = whole_records([record])
    assert alone.startswith("| score | value |\n| --- | --- |\n| fd_random | ")
    assert "- run: a|b" in alone
