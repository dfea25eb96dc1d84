-- What the book has at an office, or of it only these boxes.
SELECT series, box_no, first, last, condition, sealed
FROM custody_place
WHERE office = %(office)s
  AND (cardinality(%(series)s::text[]) = 0
       OR (series, box_no) IN (SELECT * FROM unnest(%(series)s::text[], %(box_no)s::int[])))
ORDER BY series, box_no, first
