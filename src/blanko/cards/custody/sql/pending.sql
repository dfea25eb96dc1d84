SELECT m.from_office, m.to_office, m.kind, m.condition_after, m.by, m.at,
       coalesce((SELECT p.phase FROM custody_movement_phase AS p WHERE p.movement = m.movement AND NOT p.is_begin), 'pending'),
       l.series, l.box_no, l.first, l.last
FROM custody_movement AS m JOIN custody_movement_line AS l USING (movement)
WHERE m.movement = %(movement)s
ORDER BY l.series, l.box_no, l.first
