-- Every step of a box, or of one blank of it (positions first to last), in the order in which it was done.
SELECT p.at, m.movement, m.kind, p.phase, m.from_office, m.to_office, p.by, m.condition_before, m.condition_after, m.lot,
       l.first, l.last, CASE WHEN p.is_begin THEN m.papers ELSE p.papers END, p.reason, p.event_id
FROM custody_movement_line AS l
JOIN custody_movement AS m USING (movement)
JOIN custody_movement_phase AS p USING (movement)
WHERE l.series = %(series)s AND l.box_no = %(box_no)s AND l.first <= %(last)s AND l.last >= %(first)s
ORDER BY p.event_id, p.is_begin, l.first
