-- The last stock file of each office beside the book of the end of that day (Jakarta).
SELECT s.office, s.counted_on, s.good AS counted_good, s.spoiled AS counted_spoiled, b.good, b.spoiled
FROM (SELECT DISTINCT ON (office) office, counted_on, good, spoiled FROM intake_stock_count_latest
      WHERE %(scope)s = 'ID' OR office = %(scope)s OR (length(%(scope)s) = 2 AND left(office, 2) = %(scope)s)
      ORDER BY office, counted_on DESC) AS s
CROSS JOIN LATERAL (
    SELECT coalesce(sum(quantity) FILTER (WHERE condition = 'good'), 0)::bigint AS good,
           coalesce(sum(quantity) FILTER (WHERE condition = 'spoiled'), 0)::bigint AS spoiled
    FROM custody_entry
    WHERE office = s.office AND at < (s.counted_on + 1)::timestamp AT TIME ZONE 'Asia/Jakarta'
) AS b
WHERE s.good <> b.good OR s.spoiled <> b.spoiled
ORDER BY s.office
