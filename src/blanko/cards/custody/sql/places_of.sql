-- Where each of these blanks is now. Each is looked up by itself: a join with custody_place would read all places.
SELECT k.number, w.condition, w.office, w.movement, w.lot, w.sealed
FROM unnest(%(numbers)s::int[], %(serieses)s::text[], %(boxes)s::int[], %(firsts)s::int[], %(lasts)s::int[])
    AS k (number, series, box_no, first, last)
CROSS JOIN LATERAL (
    SELECT 1 AS first, b.condition, b.office, b.movement, b.lot, true AS sealed
    FROM custody_box AS b
    WHERE b.series = k.series AND b.box_no = k.box_no AND b.state = 'whole' AND b.size >= k.first
    UNION ALL
    SELECT r.first, r.condition, r.office, r.movement,
           (SELECT b.lot FROM custody_box AS b WHERE b.series = r.series AND b.box_no = r.box_no), false
    FROM custody_range AS r
    WHERE r.series = k.series AND r.box_no = k.box_no
      AND int4range(r.first, r.last, '[]') && int4range(k.first, k.last, '[]')
) AS w
ORDER BY k.number, w.first
