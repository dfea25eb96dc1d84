-- For each regency the newest count of obliged persons not recorded yet that was known on a day.
SELECT DISTINCT ON (area) area, value
FROM intake_count_known
WHERE metric = 'not_recorded' AND area = ANY (%(regencies)s) AND kind IN ('observed', 'estimated')
  AND known_on <= %(as_of)s AND date <= %(as_of)s
ORDER BY area, date DESC, known_on DESC, source
