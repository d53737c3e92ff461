"""The sweep as CSV: a row for each threshold and keyword."""

import csv
import io
from collections.abc import Sequence

from kws_live.eval.counts import Count
from kws_live.eval.evaluation import SweepPoint
from kws_live.eval.report.csv_cells import text_cell
from kws_live.eval.report.measured import rows

COLUMNS = (
    "threshold",
    "keyword",
    "words",
    "misses",
    "frr",
    "frr_low",
    "frr_high",
    "false_accepts",
    "negative_h",
    "fa_per_hour",
    "fa_per_hour_low",
    "fa_per_hour_high",
    "duplicates",
    "ignored",
)


def sweep_csv(sweep: Sequence[SweepPoint]) -> str:
    """Return the table as RFC 4180 says, with a header; "*" is all keywords, an empty field is unmeasured."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for point in sweep:
        for keyword, count in rows(point.counts):
            writer.writerow(
                (
                    point.threshold,
                    text_cell(keyword),
                    count.words,
                    count.misses,
                    count.frr,
                    *(count.frr_ci95 or (None, None)),
                    count.false_accepts,
                    count.negative_h if isinstance(count, Count) else None,
                    count.fa_per_hour,
                    *(count.fa_per_hour_ci95 or (None, None)),
                    count.duplicates,
                    count.ignored,
                )
            )
    return text.getvalue()
