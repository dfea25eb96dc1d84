-- The same as custody_holding on an earlier day, folded from the journal alone.
WITH leg (office, condition, delta) AS (
    SELECT to_office, 'good', quantity FROM custody_movement WHERE kind = 'receipt' AND at <= %(at)s
    UNION ALL
    SELECT from_office, 'good', -quantity FROM custody_movement WHERE kind = 'dispatch' AND at <= %(at)s
    UNION ALL
    SELECT to_office, 'in_transit', quantity FROM custody_movement WHERE kind IN ('dispatch', 'return') AND at <= %(at)s
    UNION ALL
    SELECT m.to_office, 'in_transit', -m.quantity
    FROM custody_movement AS m JOIN custody_movement_phase AS p USING (movement)
    WHERE NOT p.is_begin AND p.at <= %(at)s
    UNION ALL
    SELECT CASE p.phase WHEN 'posted' THEN m.to_office ELSE m.from_office END, 'good', m.quantity
    FROM custody_movement AS m JOIN custody_movement_phase AS p USING (movement)
    WHERE NOT p.is_begin AND p.phase IN ('posted', 'voided') AND p.at <= %(at)s
    UNION ALL
    SELECT from_office, end_of.condition, end_of.sign * quantity
    FROM custody_movement
    CROSS JOIN LATERAL (VALUES (condition_before, -1), (condition_after, 1)) AS end_of (condition, sign)
    WHERE from_office = to_office AND at <= %(at)s
)
SELECT office, coalesce(sum(delta) FILTER (WHERE condition = 'good'), 0),
       coalesce(sum(delta) FILTER (WHERE condition = 'in_transit'), 0)
FROM leg
WHERE condition IN ('good', 'in_transit') AND (%(office)s::text IS NULL OR office = %(office)s)
GROUP BY office ORDER BY office
