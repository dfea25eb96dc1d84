-- Pending movements with who answers and until when. Without legs a consignment is due after the stated days.
SELECT m.movement, m.kind, m.from_office, m.to_office, m.quantity, m.by, m.at, m.papers,
       coalesce(way.due_at, m.at + make_interval(days => %(due_days)s)) AS due_at, way.carrier, way.answerable, way.legs
FROM custody_movement AS m
LEFT JOIN LATERAL (
    SELECT max(due_at) AS due_at, count(*) AS legs, (array_agg(carrier ORDER BY leg DESC))[1] AS carrier,
           (array_agg(answerable ORDER BY leg DESC))[1] AS answerable
    FROM custody_leg AS g WHERE g.movement = m.movement) AS way ON true
WHERE m.kind IN ('dispatch', 'loan', 'transfer', 'return')
  AND NOT EXISTS (SELECT FROM custody_movement_phase AS p WHERE p.movement = m.movement AND p.phase <> 'pending')
  AND (%(office)s::text IS NULL OR m.to_office = %(office)s)
ORDER BY m.at, m.movement
