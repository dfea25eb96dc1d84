-- Spoiled blanks of an office just before and just after a movement.
SELECT coalesce(sum(e.quantity) FILTER (WHERE e.event_id < m.event_id), 0)::bigint,
       coalesce(sum(e.quantity) FILTER (WHERE e.event_id <= m.event_id), 0)::bigint
FROM custody_change_made AS m
JOIN custody_entry AS e ON e.office = m.office AND e.condition = 'spoiled'
WHERE m.movement = %(movement)s
