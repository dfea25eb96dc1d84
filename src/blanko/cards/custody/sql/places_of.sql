SELECT k.number, w.condition, w.office, w.movement, w.lot, w.sealed
FROM unnest(%(numbers)s::int[], %(serieses)s::text[], %(boxes)s::int[], %(firsts)s::int[], %(lasts)s::int[])
    AS k (number, series, box_no, first, last)
JOIN custody_place AS w ON w.series = k.series AND w.box_no = k.box_no AND w.first <= k.last AND w.last >= k.first
ORDER BY k.number, w.first
