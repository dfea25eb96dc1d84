-- Persons who turn 17, by regency and month: counted from the registry, for months gone and months to come.
SELECT regency, date_trunc('month', birth_date + interval '17 years')::date, count(*)
FROM registry_record_current
WHERE is_lead AND regency = ANY (%(regencies)s) AND (died_on IS NULL OR died_on > birth_date + interval '17 years')
  AND birth_date + interval '17 years' >= %(first)s AND birth_date + interval '17 years' < %(last)s
GROUP BY 1, 2
ORDER BY 1, 2
