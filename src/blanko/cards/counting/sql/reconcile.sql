-- Each office and condition by two accounts in one snapshot: what the journal's entries add up to, and where boxes and
-- ranges are. What is on its way counts for the office that it is on its way to. Last column: what lots brought there.
WITH between AS MATERIALIZED (
    -- Movements with two ends, by their phases. What is on its way keeps its movement, so that its boxes find their office.
    SELECT office, condition, CASE WHEN condition = 'in_transit' THEN movement ELSE '' END AS movement,
           sum(quantity) AS quantity, max(event_id) AS upto,
           sum(CASE WHEN kind = 'receipt' THEN quantity ELSE 0 END) AS received
    FROM custody_entry
    WHERE kind IN ('receipt', 'dispatch', 'loan', 'transfer', 'return', 'shortage')
    GROUP BY 1, 2, 3
),
within AS MATERIALIZED (
    -- What happened to blanks at an office; an opening changes no condition.
    SELECT office, condition_before, condition_after, sum(quantity) AS quantity, max(event_id) AS upto
    FROM custody_change_made WHERE kind <> 'shortage' GROUP BY 1, 2, 3
),
placed AS (
    SELECT office, movement, condition, sum(last - first + 1) AS quantity FROM custody_place GROUP BY 1, 2, 3
),
account (office, condition, journal, book, upto, received) AS (
    SELECT office, condition, quantity, 0, upto, received FROM between
    UNION ALL
    SELECT office, condition_before, -quantity, 0, upto, 0 FROM within
    UNION ALL
    SELECT office, condition_after, quantity, 0, upto, 0 FROM within
    UNION ALL
    SELECT coalesce(p.office, way.office, '?'), CASE WHEN p.movement IS NULL THEN p.condition ELSE 'in_transit' END,
           0, p.quantity, 0, 0
    FROM placed AS p
    LEFT JOIN between AS way ON way.movement = p.movement AND way.quantity <> 0 AND way.condition = 'in_transit'
)
SELECT office, condition, sum(journal)::bigint AS journal, sum(book)::bigint AS book, max(upto) AS upto,
       sum(received)::bigint AS received
FROM account
WHERE %(scope)s = 'ID' OR office = %(scope)s OR office = '?'
   OR (length(%(scope)s) = 2 AND %(scope)s <> '00' AND left(office, 2) = %(scope)s)
GROUP BY office, condition
ORDER BY office, condition
