-- Deaths of persons who were obliged to hold a card, by regency and month, as the registry knows them.
SELECT regency, date_trunc('month', died_on)::date, count(*)
FROM registry_record_current
WHERE is_lead AND regency = ANY (%(regencies)s) AND died_on >= %(first)s AND died_on < %(last)s
  AND (birth_date <= died_on - interval '17 years' OR marital_status IN ('KAWIN', 'CERAI HIDUP', 'CERAI MATI'))
GROUP BY 1, 2
ORDER BY 1, 2
