"""A trained model as a folder of text files: nothing is unpickled, and nothing is opened before its digest is checked.

LightGBM crashes the process on some truncated or edited model files and scores wrongly without a message on others.
Therefore every file is read once, its SHA-256 is compared, and only those same bytes are passed on.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from payrank.extracts.atomic import flush, swap_folder
from payrank.extracts.errors import NoUsableModelError, WrongUsageError
from payrank.features.feature import Feature, catalog_digest
from payrank.models.calibration.adjusted import CalibrationMap, parse_calibration
from payrank.models.manifest import Manifest, OldFormatError, digest_manifest, parse_manifest, render_manifest

if TYPE_CHECKING:
    import lightgbm

MANIFEST = "manifest.json"
CALIBRATION = "calibration.json"
REFERENCE = "reference.json"
SHARE = "share.txt"
TIMING = "timing.txt"


@dataclass(frozen=True, slots=True)
class Bundle:
    """A trained model, ready to predict.

    `likelihood` are the boosters whose raw scores are averaged with `manifest.weights`. `share` predicts the share (0
    to 1) of the amount given the outcome, and `timing` the span of days in which it happens (`payrank.models.timing`);
    each is None when one mean is used for all rows. `files` are the bytes on disk.
    """

    manifest: Manifest
    likelihood: tuple[lightgbm.Booster, ...]
    share: lightgbm.Booster | None
    timing: lightgbm.Booster | None
    calibration: CalibrationMap
    reference: Mapping[str, Any]
    files: Mapping[str, bytes]

    @property
    def kind(self) -> str:
        """`payment` or `overturn`."""
        return self.manifest.kind

    @property
    def digest(self) -> str:
        """SHA-256 that identifies the bundle: two bundles with the same digest are identical to the byte."""
        return digest_manifest(self.manifest)


def likelihood_name(number: int) -> str:
    """Return the file name of a likelihood booster.

    >>> likelihood_name(0)
    'likelihood_0.txt'
    """
    return f"likelihood_{number}.txt"


def pack_bundle(
    *,
    manifest: Mapping[str, Any],
    likelihood: Sequence[str],
    share: str | None,
    timing: str | None,
    calibration: CalibrationMap,
    reference: Mapping[str, Any],
) -> Bundle:
    """Make a bundle from the results of a training.

    Parameters
    ----------
    manifest
        The fields of `Manifest` except `files`, which is filled in here.
    likelihood, share, timing
        LightGBM model texts.
    """
    files = {likelihood_name(number): text.encode() for number, text in enumerate(likelihood)}
    files |= {name: text.encode() for name, text in ((SHARE, share), (TIMING, timing)) if text is not None}
    files[CALIBRATION] = _render(calibration.model_dump(mode="json"))
    files[REFERENCE] = _render(reference)
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in sorted(files.items())}
    files[MANIFEST] = render_manifest(Manifest.model_validate({**manifest, "files": digests}))
    return open_bundle(files, "the new bundle")


def _render(content: Mapping[str, Any]) -> bytes:
    return (json.dumps(content, indent=1, sort_keys=True, allow_nan=False) + "\n").encode()


def write_bundle(bundle: Bundle, folder: Path) -> None:
    """Write the bundle to a temporary folder and rename it. An existing bundle is replaced.

    Raises
    ------
    WrongUsageError
        When `folder` exists and is not a bundle; nothing that payrank did not write is removed.
    """
    if folder.exists() and not (folder / MANIFEST).is_file() and (not folder.is_dir() or any(folder.iterdir())):
        raise WrongUsageError(f"{folder} exists and is not a model bundle; name a new or empty folder for the bundle")
    folder.parent.mkdir(parents=True, exist_ok=True)
    mark = secrets.token_hex(4)
    aside, replaced = (folder.with_name(f".{folder.name}.{version}-{mark}") for version in ("new", "old"))
    aside.mkdir()
    try:
        for name, content in bundle.files.items():
            (aside / name).write_bytes(content)
            flush(aside / name)
        swap_folder(aside, folder, replaced)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    shutil.rmtree(replaced, ignore_errors=True)


def read_bundle(folder: Path) -> Bundle:
    """Read a bundle. Every digest is checked before LightGBM opens a file.

    Raises
    ------
    NoUsableModelError
        When the folder does not exist, when a file is missing, extra, truncated, or edited, or when an earlier version
        of payrank wrote it.
    """
    if not folder.is_dir():
        raise NoUsableModelError(f"no model bundle at {folder}; train one with `payrank train`, or give another folder")
    files: dict[str, bytes] = {}
    for path in sorted(folder.iterdir()):
        if path.is_symlink() or not path.is_file():
            raise _refuse(str(folder), f"{path.name} is not a regular file")
        files[path.name] = path.read_bytes()
    return open_bundle(files, str(folder))


def open_bundle(files: Mapping[str, bytes], source: str) -> Bundle:
    """Check the files' digests and open them; `source` names the bundle in error messages."""
    if MANIFEST not in files:
        raise _refuse(source, f"it has no {MANIFEST}")
    try:
        manifest = parse_manifest(files[MANIFEST])
    except OldFormatError as error:
        raise NoUsableModelError(
            f"{source} was written by an earlier version of payrank ({error}); "
            "train the model again with `payrank train`"
        ) from error
    except ValueError as error:
        raise _refuse(source, f"{MANIFEST} is damaged or of an unknown version") from error
    _check_files(files, manifest, source)
    try:
        calibration = parse_calibration(files[CALIBRATION])
        reference: Mapping[str, Any] = json.loads(files[REFERENCE])
    except ValueError as error:
        raise _refuse(source, "its calibration or reference cannot be read") from error

    import lightgbm  # noqa: PLC0415 - takes half a second to import

    def booster(name: str) -> lightgbm.Booster:
        return lightgbm.Booster(model_str=files[name].decode())

    return Bundle(
        manifest=manifest,
        likelihood=tuple(booster(likelihood_name(number)) for number in range(len(manifest.weights))),
        share=booster(SHARE) if manifest.share.method == "model" else None,
        timing=booster(TIMING) if manifest.timing.method == "model" else None,
        calibration=calibration,
        reference=reference,
        files=dict(files),
    )


def _check_files(files: Mapping[str, bytes], manifest: Manifest, source: str) -> None:
    expected = {likelihood_name(number) for number in range(len(manifest.weights))} | {CALIBRATION, REFERENCE}
    expected |= {name for name, part in ((SHARE, manifest.share), (TIMING, manifest.timing)) if part.method == "model"}
    if not manifest.weights or expected != set(manifest.files):
        raise _refuse(source, f"{MANIFEST} does not list the files of a bundle")
    present = set(files) - {MANIFEST}
    if missing := sorted(expected - present):
        raise _refuse(source, f"missing: {', '.join(missing)}")
    if extra := sorted(present - expected):
        raise _refuse(source, f"unexpected: {', '.join(extra)}")
    edited = [name for name in sorted(expected) if hashlib.sha256(files[name]).hexdigest() != manifest.files[name]]
    if edited:
        raise _refuse(source, f"truncated or edited since training: {', '.join(edited)}")


def _refuse(source: str, reason: str) -> NoUsableModelError:
    return NoUsableModelError(
        f"the model bundle was changed after it was written: {source}: {reason}. Restore the folder from where it was "
        "trained, or retrain with `payrank train`"
    )


def check_features(bundle: Bundle, features: Sequence[Feature]) -> None:
    """Refuse a bundle that was trained on features other than those in use.

    Raises
    ------
    NoUsableModelError
        With the names of features that are missing, extra, or computed differently.
    """
    trained = {column.name: column.definition for column in bundle.manifest.features}
    in_use = {feature.name: catalog_digest((feature,)) for feature in features if feature.modeled}
    differences = {
        "missing from the catalog in use": sorted(trained.keys() - in_use.keys()),
        "unknown to the model": sorted(in_use.keys() - trained.keys()),
        "computed differently": sorted(n for n in trained.keys() & in_use.keys() if trained[n] != in_use[n]),
    }
    mismatches = [f"{what}: {', '.join(names)}" for what, names in differences.items() if names]
    if mismatches:
        raise NoUsableModelError(
            f"the {bundle.kind} model was trained on other features ({len(trained)}, in use: {len(in_use)}): "
            f"{'; '.join(mismatches)}; score with the catalog and site features of its training, or retrain"
        )
