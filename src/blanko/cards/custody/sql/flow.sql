-- Where the blanks of a lot, or of all lots, went: the centre, on the way, or the offices of a province; by condition.
SELECT CASE WHEN p.movement IS NOT NULL THEN 'transit' WHEN p.office = '00' THEN '00' ELSE left(p.office, 2) END AS place,
       p.condition, sum(p.last - p.first + 1)::bigint AS quantity
FROM custody_place AS p
WHERE %(lot)s::text IS NULL OR p.lot = %(lot)s
GROUP BY 1, 2 ORDER BY 1, 2
