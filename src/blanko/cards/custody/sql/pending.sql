SELECT m.from_office, m.to_office, l.series, l.box_no, l.first, l.last
FROM custody_movement AS m JOIN custody_movement_line AS l USING (movement)
WHERE m.movement = %(movement)s
ORDER BY l.series, l.box_no, l.first
