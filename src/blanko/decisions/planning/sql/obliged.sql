-- Persons who are obliged to hold a card on a day: 17, or ever married, and not known dead.
SELECT regency, count(*)
FROM registry_record_current
WHERE is_lead AND regency = ANY (%(regencies)s) AND (died_on IS NULL OR died_on > %(as_of)s)
  AND (birth_date <= %(as_of)s::date - interval '17 years' OR marital_status IN ('KAWIN', 'CERAI HIDUP', 'CERAI MATI'))
GROUP BY 1
ORDER BY 1
