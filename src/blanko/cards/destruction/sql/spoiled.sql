-- Spoiled blanks that lie at offices, in the pieces in which batches hold them ('' for what none holds).
WITH lying AS (
    SELECT series, box_no, first, last, office, lot FROM custody_place
    WHERE condition = 'spoiled' AND office IS NOT NULL AND (%(office)s::text IS NULL OR office = %(office)s)
),
cut AS (
    -- A piece begins where a range begins, where a batch's part of it begins, and right after that part.
    SELECT l.*, c.starts, lead(c.starts, 1, l.last + 1) OVER (PARTITION BY l.series, l.box_no, l.first ORDER BY c.starts) - 1 AS ends
    FROM lying AS l
    CROSS JOIN LATERAL (
        SELECT l.first AS starts
        UNION
        SELECT edge.starts
        FROM destruction_batch_blanks AS b
        CROSS JOIN LATERAL (VALUES (b.first), (b.last + 1)) AS edge (starts)
        WHERE b.series = l.series AND b.box_no = l.box_no AND edge.starts > l.first AND edge.starts <= l.last
    ) AS c
)
SELECT c.series, c.box_no, c.starts, c.ends, c.office, c.lot, coalesce(b.batch, '')
FROM cut AS c
LEFT JOIN destruction_batch_blanks AS b
    ON b.series = c.series AND b.box_no = c.box_no AND b.first <= c.starts AND b.last >= c.starts
ORDER BY c.office, c.series, c.box_no, c.starts
