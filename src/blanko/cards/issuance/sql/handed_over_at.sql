-- At one office: cards handed over whose blank the journal does not have as issued there, and blanks that it has as issued
-- there without a card that was handed over.
WITH blank AS (
    SELECT l.series, l.box_no, position
    FROM custody_change_made AS m
    JOIN custody_journal_line AS l USING (movement)
    CROSS JOIN LATERAL generate_series(l.first, l.last) AS position
    WHERE m.kind = 'issuance' AND m.office = %(office)s
),
card AS (
    SELECT left(serial, -12) AS series, substr(right(serial, 11), 1, 6)::int AS box_no, right(serial, 4)::int AS position
    FROM issuance_step WHERE step = 'issued' AND office = %(office)s
)
SELECT coalesce(b.series, c.series), coalesce(b.box_no, c.box_no), coalesce(b.position, c.position), b.series IS NOT NULL
FROM blank AS b FULL JOIN card AS c
    ON c.series = b.series AND c.box_no = b.box_no AND c.position = b.position
WHERE b.series IS NULL OR c.series IS NULL
ORDER BY 1, 2, 3 LIMIT %(limit)s
