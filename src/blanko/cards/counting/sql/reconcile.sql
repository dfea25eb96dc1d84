-- Each office, condition and series by two accounts in one snapshot: what the journal's lines add up to, and where boxes and
-- ranges are; of both the quantity and the print of the blanks, which differs when blanks were exchanged. What is on its
-- way counts for the office that it is on its way to. Last column: what lots brought there.
WITH between AS MATERIALIZED (
    -- Movements with two ends, by their phases. What is on its way keeps its movement, so that its boxes find their office.
    SELECT e.office, e.condition, l.series, CASE WHEN e.condition = 'in_transit' THEN e.movement ELSE '' END AS movement,
           sum(leg.sign * (l.last - l.first + 1)) AS quantity,
           sum(leg.sign * counting_print(l.series, l.box_no, l.first, l.last, %(salt)s)) AS print, max(e.event_id) AS upto,
           sum(CASE WHEN e.kind = 'receipt' THEN leg.sign * (l.last - l.first + 1) ELSE 0 END) AS received
    FROM custody_entry AS e
    JOIN custody_journal_line AS l USING (movement)
    CROSS JOIN LATERAL (SELECT CASE WHEN e.quantity < 0 THEN -1 ELSE 1 END AS sign) AS leg
    WHERE e.kind IN ('receipt', 'dispatch', 'loan', 'transfer', 'return', 'shortage')
    GROUP BY 1, 2, 3, 4
),
within AS MATERIALIZED (
    -- What happened to blanks at an office; an opening changes no condition.
    SELECT m.office, m.condition_before, m.condition_after, l.series, sum(l.last - l.first + 1) AS quantity,
           sum(counting_print(l.series, l.box_no, l.first, l.last, %(salt)s)) AS print, max(m.event_id) AS upto
    FROM custody_change_made AS m
    JOIN custody_journal_line AS l USING (movement)
    WHERE m.kind <> 'shortage' GROUP BY 1, 2, 3, 4
),
placed AS (
    SELECT office, movement, condition, series, sum(last - first + 1) AS quantity,
           sum(counting_print(series, box_no, first, last, %(salt)s)) AS print
    FROM custody_place GROUP BY 1, 2, 3, 4
),
account (office, condition, series, journal, book, print, upto, received) AS (
    SELECT office, condition, series, quantity, 0, print, upto, received FROM between
    UNION ALL
    SELECT office, condition_before, series, -quantity, 0, -print, upto, 0 FROM within
    UNION ALL
    SELECT office, condition_after, series, quantity, 0, print, upto, 0 FROM within
    UNION ALL
    SELECT coalesce(p.office, way.office, '?'), CASE WHEN p.movement IS NULL THEN p.condition ELSE 'in_transit' END,
           p.series, 0, p.quantity, -p.print, 0, 0
    FROM placed AS p
    LEFT JOIN (SELECT DISTINCT movement, office FROM between WHERE condition = 'in_transit' AND quantity <> 0) AS way
        ON way.movement = p.movement
)
SELECT office, condition, series, sum(journal)::bigint AS journal, sum(book)::bigint AS book, sum(print) <> 0 AS exchanged,
       max(upto) AS upto, sum(received)::bigint AS received
FROM account
WHERE %(scope)s = 'ID' OR office = %(scope)s OR office = '?'
   OR (length(%(scope)s) = 2 AND %(scope)s <> '00' AND left(office, 2) = %(scope)s)
GROUP BY office, condition, series
ORDER BY office, condition, series
