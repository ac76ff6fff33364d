"""Publishing: a run appears completely or not at all, whatever fails and whenever."""

from __future__ import annotations

import errno
import os
import signal
import stat
import subprocess
import sys
import tempfile
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from payrank.extracts.atomic import make_private, write_private
from payrank.extracts.errors import PayrankError, RunLockedError
from payrank.scoring.publishing.publish import hold_lock, publish_run
from tests.required import required

MONDAY, TUESDAY = date(2026, 11, 23), date(2026, 11, 24)
ROOT = Path(__file__).parents[2]
STEPS = ("mkdir", "chmod", "fsync", "rename", "replace", "symlink")
"""Every call with which publishing changes the disk; each is made to fail once, everywhere it is used."""


def publish(out: Path, as_of: date, text: str) -> None:
    with publish_run(out, as_of) as run:
        (run / "worklists").mkdir()
        (run / "report.html").write_text(text)
        (run / "worklists" / "denials.csv").write_text(text * 3)


def whole(run: Path) -> str | None:
    """Return the text of a complete run; None when there is no such folder."""
    if not run.exists():
        return None
    text = (run / "report.html").read_text()
    assert (run / "worklists" / "denials.csv").read_text() == text * 3, "half a run was published"
    return text


def visible(out: Path) -> list[str]:
    return sorted(path.name for path in out.iterdir() if path.name != ".lock")


def test_a_run_is_published_under_its_date_and_current_points_to_it(tmp_path: Path) -> None:
    publish(tmp_path / "out", MONDAY, "first")
    publish(tmp_path / "out", TUESDAY, "second")
    assert visible(tmp_path / "out") == ["2026-11-23", "2026-11-24", "current"]
    assert (tmp_path / "out" / "current").readlink() == Path("2026-11-24")
    assert whole(tmp_path / "out" / "current") == "second"


def test_the_pointer_still_works_after_the_folder_is_moved(tmp_path: Path) -> None:
    publish(tmp_path / "out", MONDAY, "first")
    (tmp_path / "out").rename(tmp_path / "elsewhere")
    assert whole(tmp_path / "elsewhere" / "current") == "first"


def test_a_rerun_of_the_same_date_replaces_the_run_and_leaves_nothing_behind(tmp_path: Path) -> None:
    publish(tmp_path, MONDAY, "first")
    publish(tmp_path, MONDAY, "again")
    assert visible(tmp_path) == ["2026-11-23", "current"]
    assert whole(tmp_path / "current") == "again"


def test_only_the_owner_can_read_folders_and_files_even_if_written_openly(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        publish(tmp_path / "out", MONDAY, "first")
    finally:
        os.umask(before)
    for path in (tmp_path / "out", *(tmp_path / "out").rglob("*")):
        if not path.is_symlink():
            assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path.name


def test_a_file_is_never_open_to_others_while_it_is_written(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        write_private(tmp_path / "list.csv", b"rank\n")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "list.csv").stat().st_mode) == 0o600


def test_a_private_file_replaces_nothing(tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text("yesterday")
    with pytest.raises(FileExistsError):
        write_private(tmp_path / "list.csv", b"today")
    assert (tmp_path / "list.csv").read_text() == "yesterday"


def test_an_exception_while_building_leaves_earlier_runs_as_they_were(tmp_path: Path) -> None:
    publish(tmp_path, MONDAY, "first")
    with pytest.raises(FileNotFoundError), publish_run(tmp_path, MONDAY) as run:
        (run / "no such folder" / "denials.csv").write_text("half")
    assert visible(tmp_path) == ["2026-11-23", "current"]
    assert whole(tmp_path / "current") == "first"


@pytest.mark.parametrize("rerun", [True, False], ids=["same day", "next day"])
@pytest.mark.parametrize("step", STEPS)
def test_a_failure_at_any_step_undoes_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, rerun: bool
) -> None:
    day = MONDAY if rerun else TUESDAY
    really = getattr(os, step)
    failures = 0
    for fail_at in range(1, 40):
        out = tmp_path / str(fail_at)
        publish(out, MONDAY, "first")
        calls = 0

        def fail_once(*args: Any, **kwargs: Any) -> Any:
            nonlocal calls
            calls += 1
            if calls == fail_at:  # noqa: B023 - used up within this turn of the loop
                raise OSError(errno.EIO, "injected")
            return really(*args, **kwargs)

        with monkeypatch.context() as patch:
            patch.setattr(os, step, fail_once)
            try:
                publish(out, day, "second")
            except OSError:
                failures += 1
                assert visible(out) == ["2026-11-23", "current"]
                assert whole(out / "current") == whole(out / "2026-11-23") == "first"
            else:
                assert whole(out / "current") == "second"
        if calls < fail_at:
            break
    else:
        pytest.fail("publishing never ended")
    assert failures >= 1


CRASHING = """
import os, sys
from datetime import date
from pathlib import Path
from payrank.scoring.publishing.publish import publish_run
calls, die_at = 0, int(sys.argv[2])
def dying(really):
    def call(*args, **kwargs):
        global calls
        calls += 1
        if calls == die_at:
            os._exit(9)
        return really(*args, **kwargs)
    return call
for step in sys.argv[3].split():
    setattr(os, step, dying(getattr(os, step)))
with publish_run(Path(sys.argv[1]), date(2026, 11, 23)) as run:
    (run / "worklists").mkdir()
    (run / "report.html").write_text("second")
    (run / "worklists" / "denials.csv").write_text("second" * 3)
"""


def test_the_next_run_recovers_from_a_crash_at_any_step_of_a_rerun(tmp_path: Path) -> None:
    outcomes = []
    for die_at in range(1, 60):
        out = tmp_path / str(die_at)
        publish(out, MONDAY, "first")
        arguments = [sys.executable, "-c", CRASHING, str(out), str(die_at), "mkdir rename replace symlink rmdir"]
        done = subprocess.run(arguments, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, check=False)
        whole(out / "2026-11-23")  # never half a run, even before anybody puts it right
        publish(out, TUESDAY, "third")
        assert visible(out) == ["2026-11-23", "2026-11-24", "current"]
        outcomes.append(whole(out / "2026-11-23"))
        assert whole(out / "current") == "third"
        if done.returncode == 0:
            break
    assert outcomes[0] == "first"
    assert outcomes[-1] == "second"
    assert outcomes == sorted(required(outcome) for outcome in outcomes), "once the new run stands it stays"


HOLDING = """
import sys
from pathlib import Path
from payrank.scoring.publishing.publish import hold_lock
with hold_lock(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_second_run_is_refused_while_another_process_holds_the_lock(tmp_path: Path) -> None:
    publish(tmp_path, MONDAY, "first")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    arguments = [sys.executable, "-c", HOLDING, str(tmp_path)]
    with subprocess.Popen(
        arguments, cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(RunLockedError, match=f"process {holder.pid}") as refused, publish_run(tmp_path, MONDAY):
            pytest.fail("two runs at once")
        assert refused.value.exit_code == 6
        assert (tmp_path / ".lock").read_text() == f"{holder.pid}\n", "a lock says who holds it and nothing else"
        assert whole(tmp_path / "current") == "first"
        holder.send_signal(signal.SIGKILL)
        holder.wait()
    publish(tmp_path, MONDAY, "after the other died")
    assert whole(tmp_path / "current") == "after the other died"


def test_the_lock_is_released_after_a_failure(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), hold_lock(tmp_path):
        raise ZeroDivisionError
    with hold_lock(tmp_path):
        pass


def test_a_full_disk_gives_a_clear_error_and_keeps_earlier_runs(tmp_path: Path) -> None:
    publish(tmp_path, MONDAY, "first")
    with pytest.raises(PayrankError, match="the disk is full") as refused, publish_run(tmp_path, TUESDAY):
        Path("/dev/full").write_bytes(b"the kernel answers as a full disk does")
    assert "--out" in str(refused.value)
    assert visible(tmp_path) == ["2026-11-23", "current"]


READ_ONLY = """
import os, sys
from datetime import date
from pathlib import Path
from payrank.extracts.errors import PayrankError
from payrank.scoring.publishing.publish import publish_run
if os.geteuid() == 0:
    os.seteuid(65534)  # root may write everywhere
try:
    with publish_run(Path(sys.argv[1]), date(2026, 11, 23)):
        pass
except PayrankError as error:
    print(error)
"""


@pytest.mark.parametrize("below", ["", "new"], ids=["existing folder", "folder to be made"])
def test_a_read_only_target_gives_a_clear_error(below: str) -> None:
    with tempfile.TemporaryDirectory() as target:
        Path(target).chmod(0o555)
        arguments = [sys.executable, "-c", READ_ONLY, str(Path(target) / below)]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        done = subprocess.run(arguments, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    assert "may not write there" in done.stdout
    assert "Traceback" not in done.stderr


def test_a_target_below_a_file_gives_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(PayrankError, match="a file, not a folder"), publish_run(tmp_path / "file" / "out", MONDAY):
        pass


def test_an_unrelated_system_error_is_raised_unchanged(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), publish_run(tmp_path / "out", MONDAY):
        (tmp_path / "no such model").read_text()


@pytest.mark.parametrize("name", ["current", "2026-11-23"])
def test_files_that_payrank_did_not_create_are_not_replaced(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("somebody's notes")
    with pytest.raises(PayrankError, match="payrank did not create it"), publish_run(tmp_path, MONDAY):
        pass
    assert (tmp_path / name).read_text() == "somebody's notes"


def test_a_link_inside_a_run_is_refused(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("outside")
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "list.csv").symlink_to(tmp_path / "secret")
    with pytest.raises(PayrankError, match="neither a file nor a folder"):
        make_private(tmp_path / "run")


def test_a_lock_that_is_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / ".lock").symlink_to(tmp_path / "victim")
    with pytest.raises(PayrankError, match="a link is in the place of a file"), publish_run(tmp_path / "out", MONDAY):
        pass
    assert not (tmp_path / "victim").exists()
