"""Compare the reader with pyx12 and with a slow, plain reader: same segments, elements, and sums."""

from __future__ import annotations

import warnings
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from payrank.extracts.errors import ExtractRefusedError
from payrank.extracts.readers.x12.files.read_file import read_file
from payrank.extracts.readers.x12.syntax.chunks import Chunks
from payrank.extracts.readers.x12.syntax.segments import read_segments

pytestmark = pytest.mark.slow

pyx12_file = pytest.importorskip("pyx12.x12file", reason="pyx12 is not installed: it comes with payrank[dev]")
pyx12_errors = pytest.importorskip("pyx12.errors")


def read_payrank(path: Path) -> list[list[Any]]:
    """Return the segments of the file, each a list of elements without trailing empty ones."""
    return [
        strip(text.split(batch.delimiters.element)) for batch in read_segments(Chunks(path)) for text in batch.segments
    ]


def strip(elements: list[Any]) -> list[Any]:
    while elements and not elements[-1]:
        elements.pop()
    return elements


def read_pyx12(text: str, folder: Path) -> list[list[Any]]:
    path = folder / "pyx12.txt"
    path.write_text(text, encoding="latin-1", newline="")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with path.open(encoding="latin-1", newline="") as file:
            reader = pyx12_file.X12Reader(file)
            return [
                strip([segment.get_seg_id(), *(segment.get_value(f"{place:02d}") or "" for place in places(segment))])
                for segment in reader
            ]


def places(segment: Any) -> range:
    return range(1, len(segment) + 1)


def sums(segments: list[list[Any]]) -> dict[str, Decimal]:
    """Return the sums of all valid CLP03, CLP04, CAS, and BPR02 amounts."""
    result = {"CLP03": Decimal(0), "CLP04": Decimal(0), "CAS": Decimal(0), "BPR02": Decimal(0)}
    for elements in segments:
        positions = {"CLP": {3: "CLP03", 4: "CLP04"}, "BPR": {2: "BPR02"}, "CAS": dict.fromkeys(range(3, 21, 3), "CAS")}
        for place, name in positions.get(elements[0], {}).items():
            try:
                result[name] += Decimal(elements[place])
            except (IndexError, InvalidOperation):
                continue
    return result


def staged_sums(path: Path) -> dict[str, Decimal]:
    """Return the same sums for the rows that the reader staged."""
    result = {"CLP03": Decimal(0), "CLP04": Decimal(0), "CAS": Decimal(0), "BPR02": Decimal(0)}
    positions = {
        "paid_claims": {"charged": "CLP03", "paid": "CLP04"},
        "adjustments": {"amount": "CAS"},
        "remittances": {"total": "BPR02"},
    }

    def add(name: str, rows: Any) -> None:
        for column, total in positions.get(name, {}).items():
            for text in rows[column].to_pylist():
                try:
                    result[total] += Decimal(text)
                except InvalidOperation:
                    continue

    read_file(path, add)
    return result


@pytest.mark.data
def test_pyx12_reads_the_same_segments_elements_and_sums_in_every_readable_sample(
    real_data: Path, tmp_path: Path
) -> None:
    compared = staged = 0
    for path in sorted((real_data / "x12").rglob("*.*")):
        if not path.is_file():
            continue
        # pyx12 needs an ISA of 106 characters and segments that start at the margin, and supports few versions.
        text = path.read_bytes().decode("latin-1")
        text = "\n".join(line.strip() for line in text.splitlines()) if "x12parser" in path.name else text
        text = text.replace("*99999*999999999*", "*00401*999999999*") if "x12parser" in path.name else text
        try:
            expected = read_pyx12(text, tmp_path)
        except pyx12_errors.X12Error:
            continue
        parsed = read_payrank(path)
        if "x12parser" in path.name:
            parsed[0][12] = "00401"
        assert parsed == expected, path.name
        compared += 1
        try:
            result = staged_sums(path)
        except ExtractRefusedError:
            continue
        if path.parent.name == "835":
            assert result == sums(expected), path.name
            staged += 1
    assert compared >= 25
    assert staged >= 10


AMOUNTS = st.integers(0, 5_000_000).map(lambda cents: f"{cents // 100}.{cents % 100:02d}")
SIGNED = st.one_of(AMOUNTS, AMOUNTS.map(lambda amount: f"-{amount}"))
WORDS = st.text("ABCDEFGHIJ0123456789 -", min_size=1, max_size=12).map(lambda word: f"X{word}".strip())


@st.composite
def claims(draw: Any) -> list[list[Any]]:
    """Segments of one claim, which may be out of balance."""
    result = [["CLP", draw(WORDS), draw(st.sampled_from(["1", "2", "4", "22"])), draw(SIGNED), draw(SIGNED), "", "12"]]
    triples = st.lists(st.tuples(st.sampled_from(["1", "45", "197"]), SIGNED), min_size=1, max_size=6)

    def adjust() -> None:
        for chosen in draw(st.lists(triples, max_size=2)):
            parts = [part for reason, amount in chosen for part in (reason, amount, "")]
            result.append(["CAS", draw(st.sampled_from(["CO", "PR", "OA"])), *parts[:-1]])

    adjust()
    if draw(st.booleans()):
        result.append(["MOA", "", "", draw(st.sampled_from(["MA01", "MA130"]))])
    for _ in range(draw(st.integers(0, 3))):
        result.append(["SVC", "HC{c}99213", draw(AMOUNTS), draw(AMOUNTS), "", "1"])
        result.append(["DTM", "472", "20260301"])
        adjust()
        if draw(st.booleans()):
            result.append(["LQ", "HE", "N130"])
    return result


@st.composite
def remittances(draw: Any) -> list[list[str]]:
    """One ST to SE, without delimiters."""
    body = [["BPR", "I", draw(SIGNED), "C", "ACH"], ["TRN", "1", draw(WORDS)], ["N1", "PR", draw(WORDS)]]
    body.append(["LX", "1"])
    for claim in draw(st.lists(claims(), max_size=3)):
        body += claim
    if draw(st.booleans()):
        body.append(["PLB", "1", "20261231", "WO{c}1", draw(SIGNED), "72{c}2", draw(SIGNED)])
    control = draw(st.integers(1, 9999))
    return [["ST", "835", f"{control:04d}"], *body, ["SE", str(len(body) + 2), f"{control:04d}"]]


@st.composite
def files(draw: Any) -> tuple[Any, Any]:
    """Text of several interchanges, each with its own delimiters and line ends, and the segments."""
    text, segments = "", []
    for number in range(1, draw(st.integers(1, 3)) + 1):
        element, component, end = draw(
            st.sampled_from([("*", ":", "~"), ("|", ">", "~"), ("*", "<", "'"), ("^", ":", "~"), ("*", ":", "\n")])
        )
        between = st.just("") if end == "\n" else st.sampled_from(["", "\n", "\r\n", "\n\n"])
        sets = draw(st.lists(remittances(), min_size=1, max_size=2))
        isa = ["ISA", "00", " " * 10, "00", " " * 10, "ZZ", f"{'A':15}", "ZZ", f"{'B':15}", "260301", "0101", "!"]
        interchange = [
            [*isa, "00501", f"{number:09d}", "0", "P", component],
            ["GS", "HP", "A", "B", "20260301", "0101", "1", "X", "005010X221A1"],
            *([part.replace("{c}", component) for part in segment] for transaction in sets for segment in transaction),
            ["GE", str(len(sets)), "1"],
            ["IEA", "1", f"{number:09d}"],
        ]
        text += "".join(element.join(segment) + end + draw(between) for segment in interchange)
        segments += [strip(list(segment)) for segment in interchange]
    return text, segments


def count_imbalances_slowly(segments: Any) -> dict[str, int]:
    """Check the three balances by a plain reading of the standard. Returns the number off by level."""
    off = {"line": 0, "claim": 0, "transaction": 0}
    at = 0
    while at < len(segments):
        if segments[at][0] != "ST":
            at += 1
            continue
        end = next(place for place in range(at, len(segments)) if segments[place][0] == "SE")
        body = segments[at : end + 1]
        starts = [place for place, elements in enumerate(body) if elements[0] == "CLP"]
        total = Decimal(0)
        for start in starts:
            stop = next(p for p in range(start + 1, len(body)) if body[p][0] in {"CLP", "PLB", "SE", "LX"})
            claim, line, lines = Decimal(0), None, []
            for elements in body[start:stop]:
                if elements[0] == "SVC":
                    line = [Decimal(elements[2]) - Decimal(elements[3])]
                    lines.append(line)
                if elements[0] == "CAS":
                    amount = sum((Decimal(elements[place]) for place in range(3, len(elements), 3)), Decimal(0))
                    claim += amount
                    if line is not None:
                        line[0] -= amount
            off["line"] += sum(line[0] != 0 for line in lines)
            off["claim"] += Decimal(body[start][3]) - claim != Decimal(body[start][4])
            total += Decimal(body[start][4])
        for elements in body:
            if elements[0] == "PLB":
                total -= sum((Decimal(elements[place]) for place in range(4, len(elements), 2)), Decimal(0))
        off["transaction"] += total != Decimal(next(e for e in body if e[0] == "BPR")[2])
        at = end
    return off


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(drawn=files())
def test_generated_files_are_read_alike_by_payrank_a_slow_reader_and_pyx12(
    tmp_path_factory: pytest.TempPathFactory, drawn: Any
) -> None:
    text, segments = drawn
    folder = tmp_path_factory.mktemp("drawn", numbered=True)
    path = folder / "drawn.835"
    path.write_text(text, encoding="ascii", newline="")
    assert read_payrank(path) == segments
    assert staged_sums(path) == sums(segments)
    levels = read_file(path).balances.levels
    assert {level: levels[level].off for level in ("line", "claim", "transaction")} == count_imbalances_slowly(segments)
    # pyx12 uses the first ISA's delimiters for the whole file, so each interchange is read separately.
    expected = []
    for at in [place for place in range(len(text)) if text.startswith("ISA", place)]:
        end = text.find("ISA", at + 3)
        expected += read_pyx12(text[at : end if end > 0 else len(text)], folder)
    assert expected == segments


def test_line_level_and_claim_level_details_are_kept_apart(tmp_path: Path) -> None:
    body = [
        *(["BPR", "I", "1"], ["TRN", "1", "T1", "1999999999"], ["N1", "PR", "PLAN"], ["LX", "1"]),
        *(
            ["CLP", "A1", "1", "9", "8"],
            ["CAS", "CO", "45", "1", "", "94", "2"],
            ["NM1", "QC", "1", *[""] * 5, "MI", "M1"],
        ),
        *(["REF", "F8", "OLD"], ["DTM", "232", "20260101"], ["MIA", "0", "", "", "", "N1", *[""] * 14, "MA130"]),
        *(["SVC", "HC:1", "5", "5"], ["DTM", "150", "20260102"], ["LQ", "HE", "N706"], ["LQ", "HE", "N211"]),
        *(["SVC", "HC:2", "4", "3"], ["CAS", "PR", "", "", "", "1", "1"], ["DTM", "472", "20260103"], ["ZZZ", "1"]),
        *(["AMT", "I", "7"], ["REF", "F8", "NO"], ["CLP", "A2", "4"], ["AMT", "I", "2.5"], ["NM1", "IL", "1"]),
    ]
    segments = [["ST", "835", "1"], *body, ["SE", str(len(body) + 2), "1"]]
    path = tmp_path / "one.835"
    isa = "ISA*00*          *00*          *ZZ*A*ZZ*B*260301*0101*^*00501*000000001*0*P*:~GS*HP*A*B*20260301*0101*1*X~"
    text = "".join("*".join(segment) + "~" for segment in segments)
    path.write_text(f"{isa}{text}GE*1*1~IEA*1*1~", encoding="ascii")
    result: dict[str, list[dict[str, Any]]] = {}
    read_file(path, lambda name, rows: result.setdefault(name, []).extend(rows.to_pylist()))
    lines = [(row["procedure"], row["service_day"], row["remark"], row["remarks"]) for row in result["services"]]
    assert lines == [("HC:1", "20260102", "N211", 2), ("HC:2", "20260103", "", 0)]
    adjusted = [tuple(row.values()) for row in result["adjustments"]]  # segment, line, number, group, reason, amount
    assert adjusted == [(8, 0, 1, "CO", "45", "1"), (8, 0, 2, "CO", "94", "2"), (8, 2, 3, "PR", "1", "1")]
    first, second = result["paid_claims"]
    assert {
        name: first[name] for name in ("source_line", "remit", "ordinal", "account", "original_claim", "patient")
    } == {
        "source_line": 8,
        "remit": 1,
        "ordinal": 1,
        "account": "A1",
        "original_claim": "OLD",
        "patient": "M1",
    }
    assert (first["service_day"], first["inpatient"], first["remark"], first["remarks"]) == ("20260101", 1, "MA130", 2)
    assert (first["interest"], second["interest"]) == ("", "2.5")
    assert (second["ordinal"], second["account"], second["status"], second["paid"], second["insured"]) == (
        2,
        "A2",
        "4",
        "",
        "",
    )
    assert sorted(tuple(row.values()) for row in result["imbalances"]) == [
        ("claim", 8, "off"),
        ("claim", 24, "unreadable"),
        ("transaction", 3, "unreadable"),
    ]
