-- Cards that each office printed up to a day (after another day, if one is given), less those spoiled after printing.
SELECT office,
       sum(CASE kind WHEN 'personalisation' THEN quantity ELSE -quantity END)
FROM custody_change_made
WHERE (kind = 'personalisation' OR (kind = 'spoilage' AND condition_before = 'personalised'))
  AND (at AT TIME ZONE 'Asia/Jakarta')::date <= %(until)s
  AND (%(after)s::date IS NULL OR (at AT TIME ZONE 'Asia/Jakarta')::date > %(after)s::date)
GROUP BY office
HAVING sum(CASE kind WHEN 'personalisation' THEN quantity ELSE -quantity END) > 0
