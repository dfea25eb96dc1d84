-- For each area the newest request for blanks that was known on a day. It is shown and decides nothing.
SELECT DISTINCT ON (area) area, value, date, source
FROM intake_count_known
WHERE metric = %(metric)s AND known_on <= %(as_of)s
ORDER BY area, date DESC, known_on DESC, source
