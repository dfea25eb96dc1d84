SELECT office, width_bucket(greatest(floor(extract(epoch FROM %(at)s - since) / 86400), 0) - 0.5, %(ends)s::numeric[]) AS band,
       count(*) AS cards
FROM issuance_waiting
WHERE state = 'printed' AND (%(office)s::text IS NULL OR office = %(office)s)
GROUP BY 1, 2 ORDER BY 1, 2
