"""Lines and arcs between latents."""

import pytest
import torch

from gan_lightning.evaluation.interpolation import lerp, path, slerp


@pytest.fixture
def ends():
    torch.manual_seed(0)
    return torch.randn(2, 100)


@pytest.mark.parametrize("between", [lerp, slerp])
@pytest.mark.parametrize("steps", [2, 7])
def test_a_path_begins_and_ends_with_its_points_bit_for_bit(between, steps, ends):
    found = between(*ends, steps)
    assert found.shape == (steps, 100)
    assert torch.equal(found[[0, -1]], ends)


def test_the_middle_of_an_arc_is_as_long_as_its_ends_and_that_of_a_line_is_shorter(ends):
    one, other = ends / ends.norm(dim=1, keepdim=True)
    assert slerp(one, other, 9).norm(dim=1).numpy() == pytest.approx([1] * 9)
    assert lerp(one, other, 3)[1].norm() < 0.8


def test_the_points_of_an_arc_are_at_evenly_spaced_angles():
    one, other = torch.tensor([1.0, 0.0, 0.0]), torch.tensor([0.0, 0.0, 1.0])
    angles = torch.tensor([0, 30, 60, 90]).deg2rad()
    expected = torch.stack([angles.cos(), 0 * angles, angles.sin()], 1)
    assert torch.allclose(slerp(one, other, 4), expected, atol=1e-6)


@pytest.mark.parametrize("factor", [1.0, 3.0, -1.0, 0.0])
def test_an_arc_without_a_plane_is_a_line(factor, ends):
    one, other = ends[0], factor * ends[0]
    assert torch.equal(slerp(one, other, 5), lerp(one, other, 5))
    assert torch.isfinite(slerp(other, other, 5)).all()


def test_a_path_that_stays_does_not_move(ends):
    for between in (lerp, slerp):
        assert torch.equal(between(ends[0], ends[0], 6), ends[:1].expand(6, -1))


def test_a_path_visits_its_points_in_order(ends):
    points = torch.cat([ends, -ends[:1]])
    found = path(points, 4, slerp)
    assert found.shape == (2, 4, 100)
    assert torch.equal(found[:, 0], points[:-1])
    assert torch.equal(found[:, -1], points[1:])
