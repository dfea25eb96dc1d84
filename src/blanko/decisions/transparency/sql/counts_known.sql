-- Counts that were known on a day, every source beside the others.
SELECT area, metric, value, date, denominator, source, kind, known_on
FROM intake_count_known
WHERE known_on <= %(known_on)s
ORDER BY metric, area, date, source, known_on
