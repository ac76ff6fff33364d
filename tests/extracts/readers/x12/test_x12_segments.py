"""X12 text with any delimiters and line ends is split into segments in bounded memory, or refused by name."""

from __future__ import annotations

import gzip
import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from experiments.x12_speed import write_remittances
from payrank.extracts.errors import ExtractRefusedError
from payrank.extracts.readers.x12.files.read_file import MAX_CLAIM_SEGMENTS, read_file
from payrank.extracts.readers.x12.syntax.chunks import CHUNK, Chunks
from payrank.extracts.readers.x12.syntax.segments import MAX_SEGMENT, read_segments

BODY = (
    ["ST", "835", "0001"],
    ["BPR", "I", "100", "C", "ACH", "", "", "", "", "", "", "", "", "", "", "", "20260301"],
    ["TRN", "1", "TRACE1", "1999999999"],
    ["N1", "PR", "SOME PLAN", "XV", "PLAN1"],
    ["LX", "1"],
    ["CLP", "A1", "1", "150", "100", "20", "12", "ICN1"],
    ["CAS", "CO", "45", "30"],
    ["CAS", "PR", "1", "20"],
    ["SE", "9", "0001"],
)


def write_interchange(
    element: str = "*",
    component: str = ":",
    repetition: str = "^",
    end: str = "~",
    between: str = "\n",
    control: str = "000000001",
    body: list[list[str]] | tuple[list[str], ...] = BODY,
) -> str:
    isa = ["ISA", "00", " " * 10, "00", " " * 10, "ZZ", f"{'A':15}", "ZZ", f"{'B':15}", "260301", "0101", repetition]
    segments = [
        [*isa, "00501", control, "0", "P", component],
        ["GS", "HP", "A", "B", "20260301", "0101", "1", "X", "005010X221A1"],
        *body,
        ["GE", "1", "1"],
        ["IEA", "1", control],
    ]
    return "".join(element.join(segment) + end + between for segment in segments)


def split_segments(path: Path) -> list[Any]:
    return [text.split(batch.delimiters.element) for batch in read_segments(Chunks(path)) for text in batch.segments]


@pytest.fixture
def save(tmp_path: Path) -> Callable[..., Path]:
    def write(content: Any, name: str = "may.835") -> Path:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


@pytest.mark.parametrize("between", ["", "\n", "\r\n", "\n\n  ", "\t", " \r\n \t"])
def test_stray_blanks_and_line_ends_between_segments_are_ignored(save: Callable[..., Path], between: str) -> None:
    assert split_segments(save(write_interchange(between=between)))[2:-2] == list(BODY)


@pytest.mark.parametrize(
    ("element", "component", "end"), [("*", ":", "~"), ("|", ">", "'"), ("+", ":", "\n"), ("\x1d", "\x1f", "\x1c")]
)
def test_delimiters_come_from_the_isa(save: Callable[..., Path], element: str, component: str, end: str) -> None:
    path = save(write_interchange(element, component, "^", end, "" if end == "\n" else "\n"))
    assert split_segments(path)[2:-2] == list(BODY)


def test_delimiters_are_read_again_at_every_isa(save: Callable[..., Path]) -> None:
    text = write_interchange() + write_interchange("|", ">", "!", "'", "", control="000000002")
    text += write_interchange("+", "<", "!", "\n", "", control="000000003")
    assert [segment for segment in split_segments(save(text)) if segment[0] not in {"ISA", "GS", "GE", "IEA"}] == [
        *BODY
    ] * 3
    batches = read_segments(Chunks(save(text)))
    assert {batch.delimiters.element for batch in batches} == {"*", "|", "+"}


def test_lines_wrapped_at_eighty_characters_are_joined(save: Callable[..., Path]) -> None:
    text = write_interchange(between="")
    wrapped = "\r\n".join(text[at : at + 80] for at in range(0, len(text), 80))
    assert split_segments(save(wrapped)) == split_segments(save(text, "other.835"))


def test_crlf_as_terminator_with_and_without_one_after_the_last_segment(save: Callable[..., Path]) -> None:
    text = write_interchange(end="\r\n", between="")
    assert split_segments(save(text))[2:-2] == split_segments(save(text.rstrip(), "other.835"))[2:-2] == list(BODY)


def test_a_byte_order_mark_is_ignored(save: Callable[..., Path]) -> None:
    assert read_file(save(b"\xef\xbb\xbf" + write_interchange().encode())).transactions["835"] == 1


def test_an_unpadded_isa_is_read_by_its_separators(save: Callable[..., Path]) -> None:
    assert split_segments(save(write_interchange().replace(" " * 14, "", 1)))[2:-2] == list(BODY)


def test_iea_inside_an_element_does_not_close_the_interchange(save: Callable[..., Path]) -> None:
    body = [*BODY[:3], ["N1", "PR", "SOPHIEA", "XV", "IEA"], ["N1", "PE", "IEA", "XX", "1"], *BODY[4:-1]]
    body.append(["SE", "10", "0001"])
    assert split_segments(save(write_interchange(body=body)))[2:-2] == body


def test_a_segment_across_two_chunks_is_complete(save: Callable[..., Path]) -> None:
    interchange = write_interchange(between="")
    padding = " " * (CHUNK - len(interchange) - 50)
    assert (
        split_segments(save(interchange + padding + interchange)) == split_segments(save(interchange, "other.835")) * 2
    )
    assert split_segments(save(interchange * 2000)) == split_segments(save(interchange, "other.835")) * 2000


def test_elements_do_not_repeat_before_version_4020(save: Callable[..., Path]) -> None:
    text = write_interchange(repetition="U").replace("*00501*", "*00401*")
    assert next(iter(read_segments(Chunks(save(text))))).delimiters.repetition is None


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "empty file"),
        (b"\xff\xfeI\0S\0A\0", "UTF-16"),
        (b"ISA*00\0", "NUL byte"),
        (b"HELLO*WORLD~", "segment 1: text outside an interchange"),
        (b" \n ", "no 835 or 837"),
        (b"ISA*00*          *00*", "segment 1: ISA segment is truncated"),
        (write_interchange()[:104].encode(), "segment 1: ISA segment is truncated"),
        (write_interchange()[:300].encode(), "the file ends inside a segment"),
        (write_interchange().encode() + b"BPR*I*1~", "segment 14: text outside an interchange"),
        (write_interchange().encode() + b"ISA*00", "segment 14: ISA segment is truncated"),
        (write_interchange().replace("LX*1~", "L*X~", 1).encode(), "segment 7: a segment without a valid name"),
    ],
)
def test_text_that_is_not_x12_is_refused_by_name(save: Callable[..., Path], content: bytes, message: str) -> None:
    with pytest.raises(ExtractRefusedError, match=r"^may\.835: ") as refused:
        read_file(save(content))
    assert message in str(refused.value)


def test_a_segment_without_an_end_is_refused_before_it_fills_memory(save: Callable[..., Path]) -> None:
    text = write_interchange().split("LX*1~")[0] + "CAS*" + "X" * (80 * MAX_SEGMENT)
    path = save(text)
    tracemalloc.start()
    with pytest.raises(ExtractRefusedError, match="no terminator"):
        read_file(path)
    assert tracemalloc.get_traced_memory()[1] < 4 * (CHUNK + MAX_SEGMENT)
    tracemalloc.stop()


def test_a_long_segment_is_refused_at_any_chunk_boundary(save: Callable[..., Path]) -> None:
    text = write_interchange().replace("SOME PLAN", "X" * (MAX_SEGMENT + 1))
    with pytest.raises(ExtractRefusedError, match="no terminator"):
        read_file(save(text))


def test_gzip_is_read_and_a_truncated_one_refused(save: Callable[..., Path]) -> None:
    whole = gzip.compress(write_interchange().encode())
    assert read_file(save(whole, "may.835.gz")).transactions["835"] == 1
    with pytest.raises(ExtractRefusedError, match=r"may\.835\.gz: truncated or damaged gzip"):
        read_file(save(whole[:-12], "may.835.gz"))


def test_a_gzip_bomb_is_refused(save: Callable[..., Path]) -> None:
    blanks = gzip.compress(write_interchange().encode()) + gzip.compress(b" " * (80 << 20))
    with pytest.raises(ExtractRefusedError, match="a bomb"):
        read_file(save(blanks, "may.835.gz"))


def test_names_are_read_as_utf_8_or_latin_1_and_latin_1_is_reported(save: Callable[..., Path]) -> None:
    output: list[str] = []

    def sink(name: str, rows: Any) -> None:
        output.extend(rows["payer_name"].to_pylist() if name == "remittances" else [])

    text = write_interchange().replace("SOME PLAN", "CAFÉ PLAN")
    assert not read_file(save(text.encode("utf-8")), sink).latin1
    assert read_file(save(text.encode("latin-1")), sink).latin1
    assert output == ["CAFÉ PLAN", "CAFÉ PLAN"]


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    peaks = []
    for megabytes in (1, 8):
        path = tmp_path / f"{megabytes}.835"
        write_remittances(path, megabytes)
        tracemalloc.start()
        assert read_file(path).bytes >= megabytes * 1_000_000
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.5 * peaks[0]
    assert peaks[1] < 32 << 20


GROWTH = """
import resource, sys
from pathlib import Path
from payrank.extracts.readers.x12 import import_x12
from payrank.extracts.readers.x12.files.read_file import read_file

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

before = peak()
read_file(Path(sys.argv[1]))
print(peak() - before)
"""


def test_reading_forty_megabytes_takes_under_64_mib_beyond_the_import(tmp_path: Path) -> None:
    path = tmp_path / "may.835"
    write_remittances(path, 40)
    output = subprocess.run([sys.executable, "-c", GROWTH, str(path)], capture_output=True, text=True, check=True)
    assert float(output.stdout) < 64


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    changes=st.lists(
        st.tuples(
            st.integers(0, 1200),
            st.integers(0, 6),
            st.sampled_from(["", "~", "*", ":", "CLP*", "IEA*", "\n", "é", "ISA"]),
        ),
        min_size=1,
        max_size=4,
    )
)
def test_a_randomly_edited_file_is_read_or_refused(save: Callable[..., Path], changes: Any) -> None:
    text = write_interchange() + write_interchange("|", ">", "!", "'", control="000000002")
    for at, length, put in changes:
        text = text[:at] + put + text[at + length :]
    with suppress(ExtractRefusedError):
        account = read_file(save(text))
        assert account.transactions["835"] + account.transactions["837"] >= 1


@pytest.mark.parametrize("size", [97, 1_000, 4_096])
def test_chunk_boundaries_do_not_change_rows_or_balances(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    path = tmp_path / "may.835"
    write_remittances(path, 0.03)

    def read() -> tuple[dict[str, Any], Any, int]:
        output: dict[str, list[dict[str, Any]]] = {}
        account = read_file(path, lambda name, rows: output.setdefault(name, []).extend(rows.to_pylist()))
        return output, account.balances.levels, account.segments

    whole = read()
    monkeypatch.setattr("payrank.extracts.readers.x12.syntax.chunks.CHUNK", size)
    assert read() == whole
    assert whole[1]["line"].checked > 100
    assert not any(balance.off or balance.unreadable for balance in whole[1].values())


def test_a_claim_without_an_end_is_refused_before_it_fills_memory(save: Callable[..., Path]) -> None:
    text = write_interchange().split("CAS*CO")[0] + "CAS*CO*45*1~" * (MAX_CLAIM_SEGMENTS + 50_000)
    with pytest.raises(ExtractRefusedError, match="segment 8: a claim of over 100,000 segments"):
        read_file(save(text))
