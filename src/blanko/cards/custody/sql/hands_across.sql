-- One person at both ends of a way: who sent blanks away also took the same blanks over later, somewhere else than where
-- they were sent from, though by another movement.
WITH sent AS MATERIALIZED (
    SELECT movement, by, from_office, to_office, at FROM custody_movement
    WHERE kind IN ('dispatch', 'loan', 'transfer') AND at >= %(since)s AND at <= %(until)s
)
SELECT DISTINCT ON (s.movement, m.movement)
       s.movement AS sent_as, m.movement AS taken_as, s.by AS person, s.from_office, p.at AS since, m.to_office AS office,
       l.series, l.box_no
FROM custody_movement_phase AS p
JOIN sent AS s ON s.by = p.by
JOIN custody_movement AS m ON m.movement = p.movement
JOIN custody_movement_line AS l ON l.movement = s.movement
JOIN custody_movement_line AS t ON t.movement = m.movement AND t.series = l.series AND t.box_no = l.box_no
    AND t.first <= l.last AND t.last >= l.first
WHERE p.phase = 'posted' AND NOT p.is_begin AND p.at >= %(since)s AND p.at <= %(until)s
  AND m.movement <> s.movement AND m.at >= s.at AND m.to_office <> s.from_office
ORDER BY s.movement, m.movement, l.series, l.box_no
