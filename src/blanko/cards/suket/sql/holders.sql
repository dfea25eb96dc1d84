-- Holders by office: with ``of_holder`` by the holder's age in years, else by how long the suket is out.
SELECT regency AS office, age, holders FROM suket_open(%(day)s)
WHERE NOT %(of_holder)s AND (%(office)s::text IS NULL OR regency = %(office)s)
UNION ALL
SELECT office,
       CASE WHEN birth_date IS NULL THEN 'unknown'
            WHEN birth_date > %(day)s::date - interval '18 years' THEN 'under_18'
            WHEN birth_date > %(day)s::date - interval '25 years' THEN '18_to_24'
            WHEN birth_date > %(day)s::date - interval '60 years' THEN '25_to_59'
            ELSE '60_and_over' END AS age,
       count(*)
FROM suket_live
WHERE %(of_holder)s AND (%(office)s::text IS NULL OR office = %(office)s)
GROUP BY 1, 2
ORDER BY 1, 2
