"""Statistics of real images: computed once, kept, and computed again as soon as anything changes that they depend on."""

import logging
import multiprocessing
import pickle
import threading
import time

import numpy as np
import pytest
import torch
import torch.distributed as dist

from gan_lightning.data.digits import Digits
from gan_lightning.evaluation import real_statistics as real
from gan_lightning.evaluation.real_statistics import real_statistics
from gan_lightning.metrics.images import to_uint8
from gan_lightning.metrics.statistics import Statistics
from gan_lightning.types import ImageSet
from support.real_images import Means, Set

MOMENTS, FEATURES = frozenset({"moments"}), frozenset({"features"})
BOTH = MOMENTS | FEATURES


def test_statistics_are_those_of_the_whole_set_in_its_order_read_in_batches(tmp_path):
    images, extractor = Set(), Means()
    found = real_statistics(images, "train", extractor, BOTH, tmp_path, batch_size=7)
    whole = extractor(to_uint8(torch.from_numpy(images.pixels))).features
    assert torch.equal(found.statistics.features, whole)
    assert found.statistics.moments.covariance == pytest.approx(np.cov(whole.double().numpy(), rowvar=False))
    assert (found.split, found.fingerprint) == ("train", images.fingerprint)
    assert images.most == 7


def test_statistics_are_computed_once_and_then_read(tmp_path):
    first = real_statistics(Set(), "train", Means(), BOTH, tmp_path).statistics
    later = Means()
    second = real_statistics(Set(), "train", later, BOTH, tmp_path, batch_size=3).statistics
    assert later.shown == 0
    assert torch.equal(first.features, second.features)
    assert (first.moments.scatter == second.moments.scatter).all()


CHANGES = {
    "weights": dict(extractor=Means(sha256="1")),
    "resize": dict(extractor=Means(resize="clean")),
    "data": dict(images=Set(seed=1)),
    "split": dict(split="test"),
    "kept": dict(kept=40),
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_change_of_weights_resize_data_split_or_count_makes_new_ones(what, tmp_path):
    before = dict(images=Set(), split="train", extractor=Means(), needs=BOTH, folder=tmp_path)
    real_statistics(**before)
    after = {**before, "extractor": Means(), **CHANGES[what]}
    shown = after["extractor"].shown
    real_statistics(**after)
    assert after["extractor"].shown - shown == 50
    assert len(list((tmp_path / "statistics").glob("*.npz"))) == 2


def test_another_version_of_a_library_makes_new_ones(tmp_path, monkeypatch):
    real_statistics(Set(), "train", Means(), BOTH, tmp_path)
    assert set(real.versions()) == {"gan_lightning", "torch", "torchvision", "torch-fidelity", "numpy"}
    monkeypatch.setattr(real, "versions", lambda: {"numpy": "another"})
    extractor = Means()
    real_statistics(Set(), "train", extractor, BOTH, tmp_path)
    assert extractor.shown == 50


def test_features_lie_in_the_file_only_where_a_metric_needs_them(tmp_path):
    real_statistics(Set(), "train", Means(), MOMENTS, tmp_path)
    (file,) = (tmp_path / "statistics").glob("*.npz")
    with np.load(file) as arrays:
        assert set(arrays.files) == {"count", "mean", "scatter", "checksum"}


def test_a_file_that_lacks_what_a_new_metric_needs_is_made_anew_with_both(tmp_path):
    for needs in (MOMENTS, FEATURES):
        extractor = Means()
        real_statistics(Set(), "train", extractor, needs, tmp_path)
        assert extractor.shown == 50
    extractor = Means()
    assert real_statistics(Set(), "train", extractor, BOTH, tmp_path).statistics.moments.count == 50
    assert extractor.shown == 0


@pytest.mark.parametrize("content", [b"", b"not a file of arrays", None])
def test_a_damaged_file_is_made_anew(content, tmp_path):
    first = real_statistics(Set(), "train", Means(), BOTH, tmp_path).statistics
    (file,) = (tmp_path / "statistics").glob("*.npz")
    file.write_bytes(file.read_bytes()[:200] if content is None else content)
    assert torch.equal(real_statistics(Set(), "train", Means(), BOTH, tmp_path).statistics.features, first.features)


def test_a_pass_that_breaks_off_leaves_nothing_behind(tmp_path, monkeypatch):
    monkeypatch.setattr(np, "savez", lambda stream, **_: stream.write(b"half") and (1 / 0))
    with pytest.raises(ZeroDivisionError):
        real_statistics(Set(), "train", Means(), BOTH, tmp_path)
    assert [file.suffix for file in (tmp_path / "statistics").iterdir() if file.suffix != ".lock"] == []


def test_jobs_that_start_together_compute_once_and_the_others_say_that_they_wait(tmp_path, caplog):
    class Slow(Means):
        def extract(self, levels):
            time.sleep(0.05)
            return super().extract(levels)

    extractors = [Slow() for _ in range(3)]
    threads = [
        threading.Thread(target=real_statistics, args=(Set(), "train", extractor, BOTH, tmp_path))
        for extractor in extractors
    ]
    caplog.set_level(logging.INFO, "gan_lightning.files")
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(extractor.shown for extractor in extractors) == [0, 0, 50]
    assert 1 <= caplog.text.count("waiting for another process that makes ") <= 2


def of_two(rank, folders, found):
    """Run one of two processes that ask twice for the same statistics, and then for some in a path that is no folder."""
    meet = folders[0] / "meet"
    dist.init_process_group("gloo", init_method=f"file://{meet}", rank=rank, world_size=2)
    images, extractor = Set(4001, size=2), Means()
    sent = []
    for name in ("broadcast_object_list", "all_gather_object"):
        setattr(dist, name, weighed(getattr(dist, name), sent))
    first, again = (
        real_statistics(images, "train", extractor, BOTH, folders[rank], batch_size=100).statistics for _ in range(2)
    )
    try:
        real_statistics(images, "train", extractor, BOTH, meet)
        said = ""
    except ValueError as error:
        said = str(error)
    arrays = [{name: array.tolist() for name, array in each.to_arrays().items()} for each in (first, again)]
    found.put((rank, extractor.shown, arrays, said, max(sent)))
    dist.destroy_process_group()


def weighed(send, sizes):
    """A function that sends, and notes how many bytes it is handed."""

    def sends(*objects, **more):
        sizes.append(len(pickle.dumps(objects)))
        return send(*objects, **more)

    return sends


@pytest.fixture(params=["one disk", "a disk each"])
def answers(request, tmp_path):
    """What two processes found, in the order of the ranks; whether they have a disk in common; and what one alone finds."""
    is_shared = request.param == "one disk"
    folders = [tmp_path, tmp_path if is_shared else tmp_path / "other"]
    context = multiprocessing.get_context("fork")
    found = context.Queue()
    each = [context.Process(target=of_two, args=(rank, folders, found)) for rank in (0, 1)]
    for process in each:
        process.start()
    both = sorted((found.get(timeout=60) for _ in each), key=lambda answer: answer[0])
    for process in each:
        process.join()
    alone = real_statistics(Set(4001, size=2), "train", Means(), BOTH, tmp_path / "alone").statistics.to_arrays()
    return both, is_shared, alone


def test_the_processes_of_a_run_share_the_pass_and_all_get_the_result_and_the_error(answers):
    both, _, alone = answers
    assert [shown for _, shown, *_ in both] == [2000, 2001]
    for _, _, arrays, said, _ in both:
        assert "data.cache_dir must be a folder that can be written" in said
        for found_arrays in arrays:
            assert set(found_arrays) == set(alone)
            for name, expected in alone.items():
                assert np.array(found_arrays[name]) == pytest.approx(expected, rel=1e-9, abs=1e-12), name


def test_processes_with_a_common_disk_share_statistics_by_the_file_and_send_them_only_without_one(answers):
    both, is_shared, alone = answers
    size = sum(array.nbytes for array in alone.values())
    most = max(sent for *_, sent in both)
    assert most < size / 20 if is_shared else most > size


def test_kept_features_are_spread_over_the_whole_set(tmp_path):
    images = Set(400, size=2)
    images.pixels[:] = (np.arange(400) // 2)[:, None, None, None].astype(np.uint8)  # in order, as by class
    kept = real_statistics(images, "train", Means(), BOTH, tmp_path, kept=100).statistics
    assert (kept.count, kept.moments.count, len(kept.features)) == (400, 400, 100)
    assert kept.features.mean().item() == pytest.approx(100, abs=15)


def test_nothing_is_read_where_nothing_is_needed_and_an_empty_set_is_refused(tmp_path):
    extractor = Means()
    assert real_statistics(Set(), "train", extractor, frozenset(), tmp_path).statistics.count == extractor.shown == 0
    with pytest.raises(ValueError, match="the split test must have images to be compared with; got none"):
        real_statistics(Set(0), "test", extractor, MOMENTS, tmp_path)


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ValueError, match="data.cache_dir must be a folder that can be written"):
        real_statistics(Set(), "train", Means(), MOMENTS, tmp_path / "file")


def test_images_with_and_without_a_cache_are_sets_with_the_same_fingerprint_and_statistics(tmp_path):
    stores = [
        Digits(
            image_size=16, channels=1, batch_size=8, num_classes=10, cache=cache, cache_dir=str(tmp_path)
        ).fitted_images("train")[0]
        for cache in ("auto", "off")
    ]
    assert all(isinstance(store, ImageSet) for store in stores)
    assert stores[0].fingerprint == stores[1].fingerprint
    extractor = Means()
    one, other = (
        real_statistics(store, "train", extractor, MOMENTS, folder).statistics
        for store, folder in zip(stores, (tmp_path, tmp_path / "other"), strict=True)
    )
    assert extractor.shown == 2 * len(stores[0])
    assert (one.moments.scatter == other.moments.scatter).all()
    assert isinstance(one, Statistics)


def rewritten(file, **changed):
    """Replace some arrays of a file of statistics, and leave the others as they are."""
    with np.load(file) as arrays:
        np.savez(file, **(dict(arrays) | changed))


@pytest.mark.parametrize(
    "changed",
    [dict(mean=np.full(6, 500.0)), dict(mean=np.zeros(5), scatter=np.eye(5)), dict(count=np.array(7)), dict(more=np.eye(2))],
)  # fmt: skip
def test_statistics_that_were_changed_on_disk_are_computed_again_with_a_line(changed, tmp_path, caplog):
    first = real_statistics(Set(), "train", Means(), MOMENTS, tmp_path).statistics
    (file,) = (tmp_path / "statistics").glob("*.npz")
    rewritten(file, **changed)
    extractor = Means()
    for shown in (50, 50):  # the second time the file is whole again
        again = real_statistics(Set(), "train", extractor, MOMENTS, tmp_path).statistics
        assert (again.moments.mean == first.moments.mean).all()
        assert extractor.shown == shown
    assert caplog.text.count("are damaged, so they are computed again") == 1


def test_a_pickle_among_kept_statistics_is_not_run(tmp_path):
    class Runs:
        def __reduce__(self):
            return (open, (str(tmp_path / "ran"), "w"))

    first = real_statistics(Set(), "train", Means(), MOMENTS, tmp_path).statistics
    (file,) = (tmp_path / "statistics").glob("*.npz")
    rewritten(file, mean=np.array([Runs()], dtype=object))
    again = real_statistics(Set(), "train", Means(), MOMENTS, tmp_path).statistics
    assert (again.moments.mean == first.moments.mean).all()
    assert not (tmp_path / "ran").exists()


def test_a_full_disk_loses_the_file_and_not_the_score(tmp_path, monkeypatch, caplog):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", full)
    assert real_statistics(Set(), "train", Means(), MOMENTS, tmp_path).statistics.moments.count == 50
    assert "are not kept, because " in caplog.text
    assert [file.suffix for file in (tmp_path / "statistics").iterdir() if file.suffix != ".lock"] == []
