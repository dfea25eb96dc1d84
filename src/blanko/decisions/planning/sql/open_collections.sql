-- Offices that fetch their next lot themselves: the newest letter of each that no dispatch was handed out on yet.
SELECT DISTINCT ON (c.regency) c.regency, c.letter, c.officer, c.collect_on
FROM planning_collection AS c
WHERE c.collect_on >= %(as_of)s AND (c.at AT TIME ZONE 'Asia/Jakarta')::date <= %(as_of)s
  AND NOT EXISTS (SELECT 1 FROM planning_dispatch_list AS l WHERE l.letter = c.letter)
ORDER BY c.regency, c.id DESC
