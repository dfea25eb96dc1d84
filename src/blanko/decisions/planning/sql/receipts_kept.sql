-- What offices have received or refused of what was sent to them up to a day: consignments, blanks, and of these the
-- ones that never came (or came unfit), and those that were found or sent on after the rest.
WITH ended AS (
    SELECT movement, -sum(quantity) AS blanks FROM custody_entry
    WHERE kind = 'dispatch' AND condition = 'in_transit' AND quantity < 0
      AND (at AT TIME ZONE 'Asia/Jakarta')::date <= %(as_of)s
    GROUP BY movement
), missed AS (
    SELECT movement, coalesce(last - first + 1, 0) AS blanks, resolution IN ('found', 'sent_on') AS came
    FROM custody_discrepancy_now
    WHERE movement_kind = 'dispatch' AND (kind = 'damaged' OR kind = 'short')
      AND coalesce(resolution, '') NOT IN ('accepted', 'papers_mended')
      AND (at AT TIME ZONE 'Asia/Jakarta')::date <= %(as_of)s
)
SELECT (SELECT count(*) FROM ended), (SELECT coalesce(sum(blanks), 0) FROM ended),
       (SELECT coalesce(sum(blanks), 0) FROM missed WHERE came IS NOT TRUE),
       (SELECT coalesce(sum(blanks), 0) FROM missed WHERE came)
