-- Every step of each of these blanks (or whole boxes: positions from first to last), in the order in which it was done.
SELECT k.number, p.at, m.movement, m.kind, p.phase, m.from_office, m.to_office, p.by, m.condition_before,
       m.condition_after, m.lot, l.first, l.last, CASE WHEN p.is_begin THEN m.papers ELSE p.papers END AS papers, p.reason,
       p.event_id AS event, p.is_begin
FROM unnest(%(numbers)s::int[], %(serieses)s::text[], %(boxes)s::int[], %(firsts)s::int[], %(lasts)s::int[])
    AS k (number, series, box_no, first, last)
JOIN custody_movement_line AS l
    ON l.series = k.series AND l.box_no = k.box_no AND l.first <= k.last AND l.last >= k.first
JOIN custody_movement AS m ON m.movement = l.movement
JOIN custody_movement_phase AS p ON p.movement = l.movement
ORDER BY k.number, p.event_id, p.is_begin, l.first
