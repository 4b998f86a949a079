"""Times as Elasticsearch spells them in an answer."""

from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_DATES: Final = {
    "date": "%Y-%m-%d",
    "strict_date": "%Y-%m-%d",
    "yyyy-MM-dd": "%Y-%m-%d",
    "yyyy-MM": "%Y-%m",
    "yyyy": "%Y",
}


def spell_time(at: float, form: str, zone: tzinfo = UTC) -> str:
    """Spell a time.

    Args:
        at: Microseconds since 1970-01-01T00:00:00Z.
        form: One of the formats of :data:`~tallystick.search.elastic.leaves.TIME_FORMATS`;
            empty for ``strict_date_optional_time``.
        zone: By whose wall clock.
    """
    if form == "epoch_millis":
        return str(int(at // 1_000))
    if form == "epoch_second":
        return str(int(at // 1_000_000))
    moment = (_EPOCH + int(at) * _MICROSECOND).astimezone(zone)
    if form in _DATES:
        return moment.strftime(_DATES[form])
    digits = "microseconds" if form.endswith("_nanos") else "milliseconds"
    text = moment.isoformat(timespec=digits)
    return f"{text.removesuffix('+00:00')}Z" if text.endswith("+00:00") else text
