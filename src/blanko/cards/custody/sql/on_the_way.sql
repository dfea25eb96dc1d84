SELECT m.movement, m.kind, m.from_office, m.to_office, m.quantity, m.by, m.at, m.papers
FROM custody_movement AS m
WHERE m.kind IN ('dispatch', 'return')
  AND NOT EXISTS (SELECT FROM custody_movement_phase AS p WHERE p.movement = m.movement AND p.phase <> 'pending')
  AND (%(office)s::text IS NULL OR m.to_office = %(office)s)
ORDER BY m.at, m.movement
