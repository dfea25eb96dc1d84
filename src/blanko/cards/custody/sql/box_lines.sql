SELECT k.series, k.box_no, 1, coalesce(b.size, 1)
FROM unnest(%(series)s::text[], %(box_no)s::int[]) AS k (series, box_no)
LEFT JOIN custody_box AS b USING (series, box_no)
