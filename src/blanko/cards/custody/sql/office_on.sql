-- What lay in an office at a moment, folded from the journal alone: each line adds to or takes from the blanks of a box,
-- and between two edges the number of times that a blank is there does not change.
WITH leg AS (
    SELECT m.movement, leg.condition, leg.sign
    FROM custody_movement AS m
    JOIN custody_movement_phase AS p USING (movement)
    CROSS JOIN LATERAL (VALUES
        (p.is_begin, m.from_office, m.condition_before, CASE WHEN m.kind IN ('receipt', 'return') THEN 0 ELSE -1 END),
        (p.is_begin, m.to_office, CASE p.phase WHEN 'pending' THEN 'in_transit' ELSE m.condition_after END, 1),
        (NOT p.is_begin, m.to_office, 'in_transit', -1),
        (NOT p.is_begin, CASE p.phase WHEN 'posted' THEN m.to_office ELSE m.from_office END,
         CASE p.phase WHEN 'posted' THEN m.condition_after ELSE m.condition_before END,
         CASE p.phase WHEN 'returned' THEN 0 ELSE 1 END)
    ) AS leg (applies, office, condition, sign)
    WHERE (m.from_office = %(office)s OR m.to_office = %(office)s) AND p.at <= %(at)s
      AND leg.applies AND leg.office = %(office)s AND leg.sign <> 0
), edge AS (
    SELECT l.series, l.box_no, leg.condition, e.position, sum(e.delta) AS delta
    FROM leg
    JOIN custody_movement_line AS l USING (movement)
    CROSS JOIN LATERAL (VALUES (l.first, leg.sign), (l.last + 1, -leg.sign)) AS e (position, delta)
    GROUP BY l.series, l.box_no, leg.condition, e.position
    HAVING sum(e.delta) <> 0
), held AS (
    SELECT series, box_no, condition, position AS first, lead(position) OVER box - 1 AS last, sum(delta) OVER box AS times
    FROM edge
    WINDOW box AS (PARTITION BY series, box_no, condition ORDER BY position)
)
SELECT series, box_no, first, last, condition FROM held WHERE times > 0 ORDER BY series, box_no, first, condition
