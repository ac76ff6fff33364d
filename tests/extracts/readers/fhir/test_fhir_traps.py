"""Faulty FHIR files: every line has exactly one outcome, and no message shows a value."""

from __future__ import annotations

import csv
import gzip
import json
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from payrank.extracts.errors import ExtractRefusedError
from payrank.extracts.load.load_extract import load_extract
from payrank.extracts.readers.fhir.import_fhir import import_fhir
from payrank.extracts.readers.fhir.ndjson_lines import read_lines
from payrank.extracts.readers.fhir.resources.parse_resource import RULES
from payrank.extracts.readers.session.report import ImportReport


def claim(number: str, **more: Any) -> dict[str, Any]:
    return {
        "resourceType": "Claim", "id": number, "status": "active", "use": "claim", "created": "2024-01-05",
        "patient": {"reference": "Patient/p1"}, "total": {"value": 10, "currency": "USD"},
        "insurer": {"display": "Plan"},
    } | more  # fmt: skip


def fill(count: int = 110) -> list[bytes]:
    """Return over 100 plain claims, so that one bad line stays below the 1% quarantine limit."""
    return [json.dumps(claim(f"fill{number}")).encode() for number in range(count)]


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., ImportReport]:
    def run_import(**files: Any) -> ImportReport:
        source = tmp_path / "source"
        source.mkdir(exist_ok=True)
        for name, lines in files.items():
            texts = [line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines]
            (source / f"{name}.ndjson").write_bytes(b"\n".join(texts) + b"\n")
        report = import_fhir(source, tmp_path / "extract")
        for file in report.files:
            accounted = file.loaded + file.reference + file.quarantined + sum(file.skipped.values())
            assert file.same_as is not None or file.records == accounted
        return report

    return run_import


def fetch_rows(tmp_path: Path, query: str) -> list[tuple[Any, ...]]:
    with load_extract(tmp_path / "extract") as extract:
        return extract.connection.execute(query).fetchall()


def read_quarantine(tmp_path: Path) -> list[dict[str, Any]]:
    with (tmp_path / "extract" / "import_quarantine.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def asides(report: ImportReport) -> dict[Any, Any]:
    return {reason: count for file in report.files for reason, count in file.skipped.items()}


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        (b"{not json", "not_json"),
        (b'{"resourceType": "Claim", "id": "cut", "total": {"val', "not_json"),
        (b'["resourceType"]', "not_json"),
        (b'{"resourceType": "Claim", "id": "x"} trailing', "not_json"),
        (b'{"id": "x"}', "no_resource_type"),
        (b'{"resourceType": 7}', "no_resource_type"),
        (b'{"resourceType": "Claim"}', "no_id"),
        (b'{"resourceType": "Claim", "id": "x", "id": "y"}', "duplicate_key"),
        (b'{"resourceType": "Claim", "id": "x", "total": {"value": 1, "value": 2}}', "duplicate_key"),
        (b'{"resourceType": "Claim", "id": "x", "total": {"value": NaN}}', "not_a_number"),
        (b'{"resourceType": "Claim", "id": "x", "total": {"value": -Infinity}}', "not_a_number"),
        (b'{"resourceType": "Claim", "id": "x", "total": "10.00"}', "wrong_shape"),
        (b'{"resourceType": "Claim", "id": "x", "item": {"net": {"value": 1}}}', "wrong_shape"),
        (b'{"resourceType": "Claim", "id": "x", "created": 20240105}', "wrong_shape"),
        (b'{"resourceType": "Claim", "id": "caf\xe9"}', "not_utf8"),
        (b'{"resourceType": "Claim", "id": "\\ud800"}', "not_utf8"),
        (b'{"resourceType": "Claim", "id": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "not_json"),
    ],
)
def test_an_invalid_line_is_quarantined_by_file_and_line(
    run: Callable[..., ImportReport], tmp_path: Path, line: Any, rule: str
) -> None:
    report = run(claims=[*fill(), line, *fill()[:1]])
    (quarantined,) = read_quarantine(tmp_path)
    assert (quarantined["source_file"], quarantined["source_line"], quarantined["rule"]) == (
        "claims.ndjson",
        "111",
        rule,
    )
    assert rule in RULES
    assert report.rows_quarantined == 1
    assert report.rows_written["accounts"] == 110


@pytest.mark.parametrize(
    ("more", "table", "column", "rule"),
    [
        ({"total": {"value": 12.345}}, "transactions", "amount", "money"),
        ({"total": {"value": 12, "currency": "EUR"}}, "transactions", "amount", "money"),
        ({"created": "2024-01"}, "accounts", "opened_on", "date"),
        ({"created": "9999-12-31"}, "accounts", "opened_on", "sentinel_date"),
        ({"created": None}, "accounts", "opened_on", "required"),
        ({"patient": None}, "accounts", "guarantor_id", "required"),
        ({"billablePeriod": {"start": "soon"}}, "accounts", "service_on", "date"),
    ],
)
def test_invalid_values_are_quarantined_and_never_corrected(
    run: Callable[..., ImportReport], tmp_path: Path, more: Any, table: str, column: str, rule: str
) -> None:
    run(claims=[*fill(), claim("bad", **more)])
    quarantined = {(row["table_name"], row["column_name"], row["rule"]) for row in read_quarantine(tmp_path)}
    assert (table, column, rule) in quarantined
    assert {row["source_line"] for row in read_quarantine(tmp_path)} == {"111"}


def test_many_bad_lines_refuse_the_import_without_showing_a_value(run: Callable[..., ImportReport]) -> None:
    with pytest.raises(ExtractRefusedError, match=r"claims\.ndjson, first in line 3") as refused:
        run(claims=[claim("a"), claim("b"), b'{"SECRET'])
    assert "SECRET" not in str(refused.value)


def test_numbers_keep_every_digit(run: Callable[..., ImportReport], tmp_path: Path) -> None:
    lines = [
        b'{"resourceType": "Claim", "id": "c%d", "status": "active", "created": "2024-01-05", "insurer": '
        b'{"display": "Plan"}, "patient": {"reference": "Patient/p"}, "total": {"value": %s}}' % (number, text)
        for number, text in enumerate([b"9007199254740993.01", b"1E+2", b"0.10000", b"1234567.1", b"5"])
    ]
    run(claims=lines)
    amounts = fetch_rows(tmp_path, "SELECT CAST(amount AS VARCHAR) FROM transactions ORDER BY transaction_id")
    assert amounts == [("9007199254740993.01",), ("100.00",), ("0.10",), ("1234567.10",), ("5.00",)]


def test_ids_are_unchanged(run: Callable[..., ImportReport], tmp_path: Path) -> None:
    run(claims=[claim("00123"), claim("12345678901234567"), claim("12345678901234568"), claim("1e5")])
    rows = fetch_rows(tmp_path, "SELECT account_id FROM accounts ORDER BY 1")
    assert rows == [("Claim/00123",), ("Claim/12345678901234567",), ("Claim/12345678901234568",), ("Claim/1e5",)]


def test_other_types_are_skipped_by_type_and_invalid_types_are_not_named(run: Callable[..., ImportReport]) -> None:
    report = run(
        mixed=[
            claim("c"), {"resourceType": "Observation", "id": "1"}, {"resourceType": "Observation", "id": "2"},
            {"resourceType": "Encounter"}, {"resourceType": "Jane Roe", "id": "1"},
            {"resourceType": "Bundle", "entry": [{"resource": claim("inside")}]},
        ]
    )  # fmt: skip
    assert asides(report) == {
        "Observation: not read": 2,
        "Encounter: not read": 1,
        "not a FHIR R4 resource type": 1,
        "Bundle: not read; export one resource per line": 1,
    }
    assert report.rows_written["accounts"] == 1


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"status": "cancelled"}, "Claim: status cancelled"),
        ({"status": "draft"}, "Claim: status draft"),
        ({"status": "entered-in-error"}, "Claim: status entered-in-error"),
        ({"status": "Jane Roe"}, "Claim: status missing or unknown"),
        ({"status": None}, "Claim: status missing or unknown"),
        ({"use": "preauthorization"}, "Claim: preauthorization or predetermination"),
        (
            {"resourceType": "ClaimResponse", "total": None, "outcome": "queued"},
            "ClaimResponse: not adjudicated (outcome queued)",
        ),
        (
            {"resourceType": "ClaimResponse", "total": None, "outcome": "error"},
            "ClaimResponse: not adjudicated (outcome error)",
        ),
    ],
)
def test_ineligible_resources_are_skipped_with_a_reason(
    run: Callable[..., ImportReport], more: dict[str, Any], why: str
) -> None:
    report = run(claims=[claim("good"), claim("other", **more)])
    assert asides(report) == {why: 1}
    assert report.rows_written["accounts"] == 1


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        ({"lastUpdated": "2024-01-05T23:00:00Z"}, {"lastUpdated": "2024-01-05T19:00:00-05:00"}),
        ({"versionId": "9"}, {"versionId": "10"}),
        ({}, {"versionId": "1"}),
        (
            {"lastUpdated": "2024-01-05T00:00:00Z", "versionId": "1"},
            {"lastUpdated": "2024-01-05T00:00:00Z", "versionId": "2"},
        ),
    ],
)
@pytest.mark.parametrize("newer_first", [True, False])
def test_the_newest_version_is_used_and_the_older_is_skipped(
    run: Callable[..., ImportReport], tmp_path: Path, older: dict[str, Any], newer: dict[str, str], newer_first: bool
) -> None:
    lines = [claim("c", meta=older), claim("c", meta=newer, total={"value": 99})]
    report = run(claims=lines[::-1] if newer_first else lines)
    assert asides(report) == {"older version of a resource": 1}
    assert fetch_rows(tmp_path, "SELECT CAST(amount AS VARCHAR) FROM transactions") == [("99.00",)]


def test_a_claim_canceled_by_its_newest_version_is_skipped(run: Callable[..., ImportReport]) -> None:
    report = run(
        claims=[claim("good"), claim("c", meta={"versionId": "1"}),
                claim("c", meta={"versionId": "2"}, status="cancelled")]
    )  # fmt: skip
    assert asides(report) == {"older version of a resource": 1, "Claim: status cancelled": 1}
    assert report.rows_written["accounts"] == 1


def test_two_different_versions_without_an_order_are_both_quarantined(
    run: Callable[..., ImportReport], tmp_path: Path
) -> None:
    run(claims=[*fill(300), claim("c"), claim("c", total={"value": 11})])
    quarantined = [(row["rule"], row["source_line"]) for row in read_quarantine(tmp_path)]
    assert quarantined == [("two_versions", "301"), ("two_versions", "302")]
    assert fetch_rows(tmp_path, "SELECT count(*) FROM accounts WHERE account_id = 'Claim/c'") == [(0,)]


def test_a_resource_repeated_with_keys_in_another_order_counts_once(
    run: Callable[..., ImportReport], tmp_path: Path
) -> None:
    first = claim("c")
    report = run(a=[first], b=[dict(reversed(first.items())), claim("d")])
    assert asides(report) == {"duplicate resource": 1}
    assert fetch_rows(tmp_path, "SELECT account_id FROM accounts ORDER BY 1") == [("Claim/c",), ("Claim/d",)]


def test_the_same_file_under_two_names_is_read_once(run: Callable[..., ImportReport], tmp_path: Path) -> None:
    report = run(a=[claim("c")], b=[claim("c")])
    assert [(file.name, file.same_as) for file in report.files] == [("a.ndjson", None), ("b.ndjson", "a.ndjson")]
    assert report.rows_written["accounts"] == 1


def test_resources_in_a_bundle_of_deletions_are_skipped(run: Callable[..., ImportReport]) -> None:
    deleted = {
        "resourceType": "Bundle", "id": "gone", "type": "transaction",
        "entry": [{"request": {"method": "DELETE", "url": "Claim/c"}}],
    }  # fmt: skip
    report = run(a=[claim("c"), claim("kept")], deleted=[deleted])
    assert asides(report) == {"deleted at the source": 1}
    assert report.rows_written["accounts"] == 1


def test_a_replaced_claim_is_skipped_with_its_responses(run: Callable[..., ImportReport], tmp_path: Path) -> None:
    prior = {"claim": {"reference": "Claim/old"}, "relationship": {"coding": [{"code": "prior"}]}}
    other = {"claim": {"reference": "Claim/kin"}, "relationship": {"coding": [{"code": "associated"}]}}
    answer = {
        "resourceType": "ClaimResponse", "id": "r", "status": "active", "created": "2024-02-01", "outcome": "complete",
        "patient": {"reference": "Patient/p1"}, "request": {"reference": "Claim/old"},
        "payment": {"amount": {"value": 3}},
    }  # fmt: skip
    report = run(claims=[claim("old"), answer, claim("kin"), claim("new", related=[prior, other])])
    assert asides(report) == {"replaced by a later claim": 2}
    assert fetch_rows(tmp_path, "SELECT account_id FROM accounts ORDER BY 1") == [("Claim/kin",), ("Claim/new",)]


def test_an_explanation_marked_as_replaced_is_skipped(run: Callable[..., ImportReport]) -> None:
    later = {"relationship": {"coding": [{"code": "replacedby"}]}, "reference": {"value": "new"}}
    old = claim("old", resourceType="ExplanationOfBenefit", total=None, related=[later])
    report = run(claims=[claim("c"), old])
    assert asides(report) == {"replaced by a later claim": 1}


def test_a_byte_order_mark_blank_lines_and_crlf_are_accepted(run: Callable[..., ImportReport], tmp_path: Path) -> None:
    report = run(claims=[b"\xef\xbb\xbf" + json.dumps(claim("a")).encode() + b"\r", b"", b"  \r", claim("b")])
    assert [file.records for file in report.files] == [2]
    assert report.rows_written["accounts"] == 2


def test_gzip_reads_the_same_and_a_truncated_file_is_refused_by_name(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    whole = gzip.compress(b"\n".join(fill(2000)))
    (source / "claims.ndjson.gz").write_bytes(whole)
    assert import_fhir(source, tmp_path / "extract").rows_written["accounts"] == 2000
    (source / "claims.ndjson.gz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ExtractRefusedError, match=r"claims\.ndjson\.gz: truncated or damaged gzip"):
        import_fhir(source, tmp_path / "other")
    assert not (tmp_path / "other").exists()


def test_a_gzip_bomb_and_utf16_are_refused_by_name(tmp_path: Path) -> None:
    bomb = tmp_path / "bomb.ndjson.gz"
    bomb.write_bytes(gzip.compress(b" " * (65 << 20)))
    with pytest.raises(ExtractRefusedError, match=r"bomb\.ndjson\.gz: gzip expands to over 200 times"):
        import_fhir(bomb, tmp_path / "extract")
    wide = tmp_path / "wide.ndjson"
    wide.write_bytes(json.dumps(claim("a")).encode("utf-16"))
    with pytest.raises(ExtractRefusedError, match=r"wide\.ndjson: UTF-16"):
        import_fhir(wide, tmp_path / "extract")


def test_a_line_over_the_limit_is_reported_and_the_next_line_is_read(tmp_path: Path) -> None:
    path = tmp_path / "long.ndjson"
    path.write_bytes(b"a" * 9 + b"\n" + b"b" * 35 + b"\n" + b"c" * 10 + b"\n" + b"d" * 21)
    assert list(read_lines(path, longest=10)) == [(1, b"a" * 9), (2, None), (3, None), (4, None)]
    assert list(read_lines(path, longest=11)) == [(1, b"a" * 9), (2, None), (3, b"c" * 10), (4, None)]


def test_a_folder_without_ndjson_and_an_empty_one_are_refused(tmp_path: Path) -> None:
    (tmp_path / "bundle.json").write_text("{}")
    with pytest.raises(ExtractRefusedError, match=r"contains no \.ndjson"):
        import_fhir(tmp_path, tmp_path / "extract")


def test_files_without_any_account_are_refused(run: Callable[..., ImportReport]) -> None:
    with pytest.raises(ExtractRefusedError):
        run(patients=[{"resourceType": "Practitioner", "id": "p"}])


def test_two_imports_write_the_same_bytes(run: Callable[..., ImportReport], tmp_path: Path) -> None:
    lines = [claim(f"c{number}", insurer={"display": f"Plan {number % 7}"}) for number in range(40)]
    run(a=lines[:20], b=lines[20:])
    import_fhir(tmp_path / "source", tmp_path / "again")
    for path in sorted((tmp_path / "extract").iterdir()):
        assert path.read_bytes() == (tmp_path / "again" / path.name).read_bytes(), path.name


def test_only_the_birth_year_of_a_person_is_written(run: Callable[..., ImportReport], tmp_path: Path) -> None:
    patient = {
        "resourceType": "Patient", "id": "p1", "birthDate": "1961-07-30", "gender": "female",
        "name": [{"family": "Quixote", "category": ["Dulcinea"]}],
        "address": [{"line": ["1 Windmill Way"], "postalCode": "02155"}],
        "identifier": [{"system": "http://hl7.org/fhir/sid/us-ssn", "value": "999-12-3456"}],
    }  # fmt: skip
    run(patients=[patient], claims=[claim("c")])
    assert fetch_rows(tmp_path, "SELECT * FROM guarantors") == [("Patient/p1", 1961, None, None, None, None)]
    written = b"".join(path.read_bytes() for path in (tmp_path / "extract").iterdir())
    for word in (b"Quixote", b"Dulcinea", b"Windmill", b"999-12-3456", b"1961-07", b"female"):
        assert word not in written


def test_an_endless_line_is_skipped_without_being_held_in_memory(tmp_path: Path) -> None:
    path = tmp_path / "endless.ndjson"
    path.write_bytes(b"x" * (16 << 20) + b"\n{}\n")
    tracemalloc.start()
    try:
        assert list(read_lines(path, longest=1 << 16)) == [(1, None), (2, b"{}")]
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 1 << 20


def test_broken_lines_count_against_their_file_and_not_against_a_small_table(
    run: Callable[..., ImportReport], tmp_path: Path
) -> None:
    report = run(claims=[*fill(200), b"{cut"])
    assert report.rows_written["payers"] == 1
    assert [row["table_name"] for row in read_quarantine(tmp_path)] == ["claims.ndjson"]
    assert [file.quarantined for file in report.files] == [1]
