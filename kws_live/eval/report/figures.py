"""Figures as people read them, the same on the terminal and on the page."""

from collections.abc import Iterable

from kws_live.eval.report.measured import ALL, Measured, rows

RATE_HEADINGS = ("words", "missed", "FRR", "95 %", "false", "hours", "FA/h", "95 %")
LATENCY_HEADINGS = ("again", "p50", "p95", "p99")


def rate_cells(measured: Measured, name: str) -> tuple[str, ...]:
    """Return what stands under `RATE_HEADINGS` for a keyword, or for all ("*")."""
    count = dict(rows(measured.evaluation.counts))[name]
    own = measured.evaluation.counts.keywords
    negative_h = measured.duration_s / 3600 if name == ALL else own[name].negative_h
    return (
        str(count.words),
        str(count.misses),
        percent(count.frr),
        between(count.frr_ci95, "percent"),
        str(count.false_accepts),
        f"{negative_h:.2f}",
        rate(count.fa_per_hour),
        between(count.fa_per_hour_ci95),
    )


def latency_cells(measured: Measured, name: str) -> tuple[str, ...]:
    """Return what stands under `LATENCY_HEADINGS` for a keyword, or for all ("*"), times in ms."""
    count = dict(rows(measured.evaluation.counts))[name]
    found = measured.latency(name)
    if found is None:
        return (str(count.duplicates), "–", "–", "–")
    times = (f"{1000 * value:.0f}" for value in (found.p50, found.p95, found.p99))
    return (str(count.duplicates), *times)


def hours(duration_s: float) -> str:
    """Return a length as a person would say it: "6.71 h", "45.0 min" below an hour, "12.5 s" below a minute."""
    if duration_s < 60:
        return f"{duration_s:.1f} s"
    return f"{duration_s / 3600:.2f} h" if duration_s >= 3600 else f"{duration_s / 60:.1f} min"


def percent(share: float | None, digits: int = 1) -> str:
    """Return 0..1 as "12.3 %"; "–" for None."""
    return "–" if share is None else f"{100 * share:.{digits}f} %"


def rate(value: float | None) -> str:
    """Return a rate with two significant digits at least: "0.42", "3.1", "41"; "–" for None."""
    if value is None:
        return "–"
    return f"{value:.2f}" if value < 1 else f"{value:.1f}" if value < 100 else f"{value:.0f}"


def between(interval: Iterable[float] | None, form: str = "rate") -> str:
    """Return an interval as "1.2–3.4", of shares in percent where `form` is "percent"; "–" for None."""
    if interval is None:
        return "–"
    low, high = interval
    if form == "percent":
        return f"{100 * low:.1f}–{100 * high:.1f}"
    return f"{rate(low)}–{rate(high)}"


def bound_per_hour(measured: Measured) -> float | None:
    """Return below which rate a keyword lies, at 95 % one-sided, that had no false accept in its own hours.

    Where keywords differ in hours, of the one with the fewest; None where one has none.
    """
    fewest_h = min(count.negative_h for count in measured.evaluation.counts.keywords.values())
    return 3.0 / fewest_h if fewest_h > 0 else None


def clock(time_s: float) -> str:
    """Return a time within a recording: "1:02:03.4", or "2:03.4" in the first hour."""
    tenths = round(time_s * 10)
    minutes, rest = divmod(tenths, 600)
    hour, minute = divmod(minutes, 60)
    start = f"{hour}:{minute:02d}" if hour else f"{minute}"
    return f"{start}:{rest / 10:04.1f}"
