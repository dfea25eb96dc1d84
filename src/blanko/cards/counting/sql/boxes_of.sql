-- The boxes of which the journal and the book differ at these offices, or on their way there: the same two accounts as in
-- reconcile.sql, box by box.
WITH between AS (
    SELECT e.office, CASE WHEN e.condition = 'in_transit' THEN e.movement ELSE e.condition END AS condition, l.series, l.box_no,
           sum(CASE WHEN e.quantity < 0 THEN -1 ELSE 1 END * counting_print(l.series, l.box_no, l.first, l.last, %(salt)s)) AS print
    FROM custody_entry AS e
    JOIN custody_journal_line AS l USING (movement)
    WHERE e.kind IN ('receipt', 'dispatch', 'loan', 'transfer', 'return', 'shortage') AND e.office = ANY (%(offices)s)
    GROUP BY 1, 2, 3, 4
),
within AS (
    SELECT m.office, m.condition_before, m.condition_after, l.series, l.box_no,
           sum(counting_print(l.series, l.box_no, l.first, l.last, %(salt)s)) AS print
    FROM custody_change_made AS m
    JOIN custody_journal_line AS l USING (movement)
    WHERE m.kind <> 'shortage' AND m.office = ANY (%(offices)s)
    GROUP BY 1, 2, 3, 4, 5
),
way AS (
    SELECT DISTINCT office, movement FROM custody_entry WHERE condition = 'in_transit' AND office = ANY (%(offices)s)
),
account (office, condition, series, box_no, print) AS (
    SELECT office, condition, series, box_no, print FROM between
    UNION ALL
    SELECT office, condition_before, series, box_no, -print FROM within
    UNION ALL
    SELECT office, condition_after, series, box_no, print FROM within
    UNION ALL
    SELECT coalesce(p.office, way.office), coalesce(p.movement, p.condition), p.series, p.box_no,
           -counting_print(p.series, p.box_no, p.first, p.last, %(salt)s)
    FROM custody_place AS p LEFT JOIN way ON way.movement = p.movement
    WHERE p.office = ANY (%(offices)s) OR way.office IS NOT NULL
)
SELECT DISTINCT series, box_no FROM (
    SELECT office, condition, series, box_no FROM account GROUP BY office, condition, series, box_no HAVING sum(print) <> 0
) AS differing
ORDER BY 1, 2
