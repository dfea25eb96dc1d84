-- For each regency and class the newest stated count of people who go first, known on a day.
SELECT DISTINCT ON (area, metric) area, metric, value, date, source
FROM intake_count_known
WHERE metric = ANY (%(metrics)s) AND length(area) = 4 AND known_on <= %(as_of)s AND date <= %(as_of)s
ORDER BY area, metric, date DESC, known_on DESC, source
