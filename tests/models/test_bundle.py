"""A bundle is read exactly as it was written, or refused."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import replace
from pathlib import Path

import lightgbm
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from payrank.extracts.errors import NoUsableModelError, WrongUsageError
from payrank.features.frame import Frame
from payrank.models.bundle import MANIFEST, check_features, open_bundle, read_bundle, write_bundle
from payrank.models.manifest import FORMAT, parse_manifest
from payrank.models.predict import predict
from payrank.training.train import Trained

FILES = (
    "manifest.json",
    "calibration.json",
    "reference.json",
    "share.txt",
    "timing.txt",
    "likelihood_0.txt",
    "likelihood_1.txt",
    "likelihood_2.txt",
)


@pytest.fixture
def folder(trained: Trained, tmp_path: Path) -> Path:
    write_bundle(trained.bundle, tmp_path / "bundle")
    return tmp_path / "bundle"


@pytest.fixture
def lightgbm_must_stay_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    def trip(*_: object, **__: object) -> None:
        raise AssertionError("LightGBM opened a file whose digest was not checked")

    monkeypatch.setattr(lightgbm, "Booster", trip)


def test_a_bundle_reads_back_with_the_same_digest_and_predictions(
    trained: Trained, folder: Path, payment_frame: Frame
) -> None:
    bundle = read_bundle(folder)
    assert bundle.digest == trained.bundle.digest
    assert bundle.manifest == trained.bundle.manifest
    assert predict(bundle, payment_frame.data).equals(predict(trained.bundle, payment_frame.data))


def test_the_folder_has_exactly_the_files_of_the_contract(folder: Path) -> None:
    assert sorted(path.name for path in folder.iterdir()) == sorted(FILES)
    assert [path.name for path in folder.parent.iterdir()] == ["bundle"]


def test_writing_over_a_bundle_replaces_all_of_it(trained: Trained, folder: Path) -> None:
    (folder / "stray.txt").write_text("left over")
    write_bundle(trained.bundle, folder)
    assert read_bundle(folder).digest == trained.bundle.digest
    assert [path.name for path in folder.parent.iterdir()] == ["bundle"]


def test_a_folder_that_is_not_a_bundle_is_never_replaced(trained: Trained, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(WrongUsageError, match="not a model bundle"):
        write_bundle(trained.bundle, tmp_path)
    assert (tmp_path / "thesis.txt").read_text() == "mine"


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("harm", ["truncate", "halve", "empty", "flip_first", "flip_middle", "flip_last", "append"])
def test_a_damaged_file_is_refused_before_lightgbm_opens_anything(
    folder: Path, name: str, harm: str, lightgbm_must_stay_closed: None
) -> None:
    path = folder / name
    whole = path.read_bytes()

    def flipped(at: int) -> bytes:
        return whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :]

    path.write_bytes(
        {
            "truncate": whole[:-1],
            "halve": whole[: len(whole) // 2],
            "empty": b"",
            "flip_first": flipped(0),
            "flip_middle": flipped(len(whole) // 2),
            "flip_last": flipped(len(whole) - 1),
            "append": whole + b"\n",
        }[harm]
    )
    with pytest.raises(NoUsableModelError, match=re.escape(name) + r".*(retrain|restore)"):
        read_bundle(folder)


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_refused(folder: Path, name: str, lightgbm_must_stay_closed: None) -> None:
    (folder / name).unlink()
    with pytest.raises(NoUsableModelError, match=re.escape(name)):
        read_bundle(folder)


def test_an_extra_file_folder_or_link_is_refused(folder: Path, lightgbm_must_stay_closed: None) -> None:
    (folder / "likelihood_9.txt").write_text("tree")
    with pytest.raises(NoUsableModelError, match=r"unexpected: likelihood_9\.txt"):
        read_bundle(folder)
    (folder / "likelihood_9.txt").unlink()
    (folder / "inner").mkdir()
    with pytest.raises(NoUsableModelError, match="inner is not a regular file"):
        read_bundle(folder)
    (folder / "inner").rmdir()
    (folder / "share.txt").rename(folder.parent / "share.txt")
    (folder / "share.txt").symlink_to(folder.parent / "share.txt")
    with pytest.raises(NoUsableModelError, match=r"share\.txt is not a regular file"):
        read_bundle(folder)


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_any_flipped_bit_is_refused(trained: Trained, data: st.DataObject) -> None:
    files = dict(trained.bundle.files)
    name = data.draw(st.sampled_from(sorted(files)))
    at = data.draw(st.integers(0, len(files[name]) - 1))
    bit = data.draw(st.integers(0, 7))
    content = files[name]
    files[name] = content[:at] + bytes([content[at] ^ (1 << bit)]) + content[at + 1 :]
    with pytest.raises(NoUsableModelError):
        open_bundle(files, "the bundle")


def test_swapping_two_files_is_refused(trained: Trained) -> None:
    files = dict(trained.bundle.files)
    files["likelihood_0.txt"], files["likelihood_1.txt"] = files["likelihood_1.txt"], files["likelihood_0.txt"]
    with pytest.raises(NoUsableModelError, match=r"likelihood_0\.txt, likelihood_1\.txt"):
        open_bundle(files, "the bundle")


def test_a_manifest_of_another_format_is_refused(trained: Trained) -> None:
    fields = json.loads(trained.bundle.files[MANIFEST])
    fields["format"] = 99
    with pytest.raises(ValueError, match=f"reads format {FORMAT}"):
        parse_manifest(json.dumps(fields).encode())


def test_a_bundle_of_an_earlier_version_must_be_trained_again(tmp_path: Path, lightgbm_must_stay_closed: None) -> None:
    folder = tmp_path / "old"
    folder.mkdir()
    (folder / MANIFEST).write_text('{"format": 2, "kind": "payment", "together": [], "digest": "0"}')
    (folder / "likelihood_0.txt").write_text("tree")
    with pytest.raises(NoUsableModelError) as caught:
        read_bundle(folder)
    assert caught.value.exit_code == 5
    message = str(caught.value)
    assert "written by an earlier version of payrank" in message
    assert f"format 2; this version of payrank reads format {FORMAT}" in message
    assert "train the model again with `payrank train`" in message
    assert "\n" not in message


def test_a_missing_bundle_folder_comes_with_a_remedy(tmp_path: Path) -> None:
    with pytest.raises(NoUsableModelError, match=r"no model bundle at .*nowhere; train one"):
        read_bundle(tmp_path / "nowhere")


def test_the_manifest_lists_the_digest_of_every_other_file(folder: Path) -> None:
    listed = json.loads((folder / MANIFEST).read_text())["files"]
    for name in set(FILES) - {MANIFEST}:
        assert listed[name] == hashlib.sha256((folder / name).read_bytes()).hexdigest()
    assert set(listed) == set(FILES) - {MANIFEST}


def test_the_training_features_are_accepted_in_any_order(trained: Trained, payment_frame: Frame) -> None:
    check_features(trained.bundle, payment_frame.features)
    check_features(trained.bundle, payment_frame.features[::-1])


def test_other_features_are_refused_with_a_diff_of_their_names(trained: Trained, payment_frame: Frame) -> None:
    first, second, *rest = payment_frame.features
    changed = replace(second, unit="months")
    added = replace(first, name="brand_new")
    with pytest.raises(NoUsableModelError) as caught:
        check_features(trained.bundle, (changed, added, *rest))
    message = str(caught.value)
    assert f"missing from the catalog in use: {first.name}" in message
    assert "unknown to the model: brand_new" in message
    assert f"computed differently: {second.name}" in message
