import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payments.domain.clock import DAY, from_rfc3339, now_ms, to_rfc3339, utc_day

times = st.integers(min_value=0, max_value=4_102_444_800_000)


@given(times)
def test_a_moment_comes_back_as_it_went_out(moment: int) -> None:
    text = to_rfc3339(moment)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", text)
    assert from_rfc3339(text) == moment


@given(times)
def test_a_day_is_utcs(moment: int) -> None:
    assert to_rfc3339(moment).startswith(utc_day(moment))


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (0, "1970-01-01T00:00:00.000Z"),
        (1_795_500_000_001, "2026-11-24T06:00:00.001Z"),
        (999, "1970-01-01T00:00:00.999Z"),
    ],
)
def test_moments_are_written_in_utc_with_milliseconds(moment: int, text: str) -> None:
    assert to_rfc3339(moment) == text


@pytest.mark.parametrize(
    "text", ["2026-11-24T06:00:00+06:00", "2026-11-24T00:00:00Z", "2026-11-23T19:00:00-05:00"]
)
def test_zones_are_read(text: str) -> None:
    assert from_rfc3339(text) == 1_795_478_400_000


@pytest.mark.parametrize(
    "text", ["", "yesterday", "2026-11-24T00:00:00", "2026-11-24", "2026-13-01T00:00:00Z"]
)
def test_a_time_without_zone_or_sense_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        from_rfc3339(text)


def test_the_clock_reads_the_time_of_day() -> None:
    assert abs(now_ms() - datetime.now(UTC).timestamp() * 1000) < DAY
