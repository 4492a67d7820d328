"""Tables of pictures: where each picture is, and that small ones are enlarged."""

import numpy as np

from gan_lightning.reports.picture_table import BETWEEN, GAP, LARGE, SMALL, Columns, picture_table


def test_each_picture_is_in_its_row_and_column_enlarged_by_whole_factors():
    values = np.arange(6, dtype=np.uint8).reshape(2, 3) * 40
    images = np.broadcast_to(values[..., None, None, None], (2, 3, 20, 20, 1))
    colours = np.broadcast_to(np.array([200, 10, 30], np.uint8), (2, 1, 20, 20, 3))
    none = [[""] * 3] * 2
    table = picture_table([Columns("gray", images, none), Columns("red", colours, [["1.5"], ["2"]])])
    side, top = 60, BETWEEN + LARGE + GAP
    for row in range(2):
        for column in range(3):
            x = BETWEEN + column * (side + GAP) + side - 1
            y = top + row * (side + SMALL + 4 + GAP) + side - 1
            assert table.getpixel((x, y)) == (int(values[row, column]),) * 3
    assert table.getpixel((BETWEEN + 3 * (side + GAP) - GAP + BETWEEN, top)) == (200, 10, 30)
    assert table.getpixel((0, 0)) == (255, 255, 255)
    assert table.size == (4 * side + 2 * GAP + 3 * BETWEEN, top + 2 * (side + SMALL + 4 + GAP) - GAP + BETWEEN)


def test_a_heading_wider_than_its_pictures_is_not_cut():
    images = np.zeros((1, 1, 64, 64, 1), np.uint8)
    wide = picture_table([Columns("a heading of many words", images, [[""]])])
    narrow = picture_table([Columns("a", images, [[""]])])
    assert wide.width > narrow.width
