-- For each metric the newest count of the nation that was known on a day.
SELECT DISTINCT ON (metric) metric, value, date, source, kind, known_on
FROM intake_count_known
WHERE metric = ANY (%(metrics)s) AND area = 'ID' AND known_on <= %(as_of)s AND date <= %(as_of)s
ORDER BY metric, date DESC, known_on DESC, source
