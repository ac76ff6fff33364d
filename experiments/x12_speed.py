"""Measures the X12 reader on generated remittances: megabytes per second, and memory.

    python -m experiments.x12_speed 20 60 120

writes varied 835 text of each size to a temporary folder and reads it twice, each size in its own process: first
checked only, then imported. Prints one line per size.
"""

from __future__ import annotations

import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from payrank.extracts.readers.x12.files.read_file import read_file

CLAIMS_PER_REMITTANCE = 40


@dataclass(frozen=True, slots=True)
class ReaderSpeed:
    """Speed in MB (a million bytes) per second, and the growth of the process's peak memory in MiB.

    Reading, which uses one core, is measured in CPU seconds; the import, which uses several, in wall seconds.
    """

    megabytes: float
    read_mb_per_second: float
    read_mib: float
    import_mb_per_second: float | None = None
    import_mib: float | None = None


def write_remittances(path: Path, megabytes: float, seed: int = 1) -> None:
    """Write one interchange of generated remittances that balance. The same seed gives the same bytes."""
    draw = random.Random(seed)  # noqa: S311 - generated claims, not keys
    written = remit = 0
    with path.open("w", encoding="ascii", newline="") as file:
        file.write("ISA*00*          *00*          *ZZ*MADEUP         *ZZ*MADEUP         *261001*0101*^*00501*")
        file.write("000000001*0*P*:~\nGS*HP*MADEUP*MADEUP*20261001*0101*1*X*005010X221A1~\n")
        while written < megabytes * 1e6:
            remit += 1
            written += file.write("".join(f"{segment}~\n" for segment in _remittance(draw, remit)))
        file.write(f"GE*{remit}*1~\nIEA*1*000000001~\n")


def _remittance(draw: random.Random, remit: int) -> Iterator[str]:
    day = f"2026{draw.randint(1, 9):02d}{draw.randint(10, 28)}"
    claims, paid = [], 0
    for ordinal in range(CLAIMS_PER_REMITTANCE):
        segments, cents = _claim(draw, remit * 100 + ordinal, day)
        claims += segments
        paid += cents
    forward = draw.choice((0, 0, 1_250))
    body = [
        f"BPR*I*{_dollars(paid - forward)}*C*ACH*CCP*01*111222333*DA*444555*1999999999**01*666777888*DA*999000*{day}",
        f"TRN*1*TRACE{remit:08d}*1999999999",
        f"DTM*405*{day}",
        f"N1*PR*MADE-UP PLAN {remit % 7}*XV*PLAN{remit % 7}",
        "N3*1 SOME STREET",
        "N4*SOMEWHERE*OH*45209",
        "N1*PE*MADE-UP HOSPITAL*XX*1234567893",
        "LX*1",
        *claims,
        *([f"PLB*1234567893*20261231*WO:{remit}*{_dollars(forward)}"] if forward else []),
    ]
    yield f"ST*835*{remit:08d}"
    yield from body
    yield f"SE*{len(body) + 2}*{remit:08d}"


def _claim(draw: random.Random, number: int, day: str) -> tuple[list[str], int]:
    """Generate a claim of one to five lines; return its segments and its payment in cents."""
    lines: list[str] = []
    charged = paid = patient = 0
    for line in range(draw.randint(1, 5)):
        charge = draw.randint(5_000, 90_000)
        contract = charge * draw.randint(10, 60) // 100
        lines += [f"SVC*HC:{draw.randint(10_000, 99_999)}*{_dollars(charge)}*"]
        if draw.random() < 0.1:
            lines[-1] += "0**1"
            lines += [f"DTM*472*{day}", f"CAS*CO*197*{_dollars(charge)}", f"REF*6R*{number}L{line}", "LQ*HE*N130"]
        else:
            share = (charge - contract) * draw.choice((0, 0, 20)) // 100
            payment = charge - contract - share
            lines[-1] += f"{_dollars(payment)}**1"
            lines += [f"DTM*472*{day}", f"CAS*CO*45*{_dollars(contract)}"]
            lines += [f"CAS*PR*2*{_dollars(share)}"] if share else []
            lines += [f"REF*6R*{number}L{line}", f"AMT*B6*{_dollars(payment + share)}"]
            paid, patient = paid + payment, patient + share
        charged += charge
    status = "4" if not paid else "1"
    head = [
        f"CLP*A{number:010d}*{status}*{_dollars(charged)}*{_dollars(paid)}*{_dollars(patient)}*12*C{number}*11*1",
        f"NM1*QC*1*LAST*FIRST****MI*M{number % 5_000_011:08d}",
        "NM1*82*2*MADE-UP HOSPITAL*****XX*1234567893",
        f"REF*EA*{number}",
        f"DTM*232*{day}",
        f"DTM*233*{day}",
    ]
    return head + lines, paid


def _dollars(cents: int) -> str:
    return f"{cents / 100:.2f}".removesuffix(".00")


def measure(megabytes: float, *, whole_import: bool = True) -> ReaderSpeed:
    """Measure reading with all balance checks, and the whole import, on a generated file of this size.

    The peak memory of a process never falls, so measure in a fresh process.
    """
    from payrank.extracts.readers.x12.import_x12 import import_x12  # noqa: PLC0415 - its memory is not that of reading

    with tempfile.TemporaryDirectory(prefix="payrank-") as folder:
        path = Path(folder) / "made-up.835"
        write_remittances(path, megabytes)
        size = path.stat().st_size / 1e6
        small = Path(folder) / "small.835"
        write_remittances(small, 0.01)
        read_file(small)  # modules imported at first use do not count as memory of reading
        before, start = _peak(), time.process_time()
        read_file(path)
        read = ReaderSpeed(size, size / (time.process_time() - start), _peak() - before)
        if not whole_import:
            return read
        start = time.perf_counter()
        import_x12(path, Path(folder) / "extract")
        speed = size / (time.perf_counter() - start)
        return ReaderSpeed(size, read.read_mb_per_second, read.read_mib, speed, _peak() - before)


def _peak() -> float:
    """Return the peak memory of this process in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Measure each size of the command line in its own process."""
    sizes = [float(size) for size in sys.argv[1:]] or [60.0]
    if len(sizes) == 1:
        sys.stdout.write(f"{measure(sizes[0])}\n")
        return
    for size in sizes:
        subprocess.run([sys.executable, "-m", "experiments.x12_speed", str(size)], check=True)  # noqa: S603 - itself


if __name__ == "__main__":
    main()
