-- For each regency and kind the newest count of the given metrics that was known on a day. Every count keeps its source.
SELECT DISTINCT ON (area, kind) area AS regency, kind, value, date, source
FROM intake_count_known
WHERE metric = ANY (%(metrics)s) AND length(area) = 4 AND kind IN ('observed', 'estimated')
  AND known_on <= %(as_of)s AND date <= %(as_of)s
ORDER BY area, kind, date DESC, known_on DESC, metric, source
