SELECT movement, number, kind, series, box_no, first, last, identifier, office, from_office, note, by, at, owner,
       resolution, resolved_at, resolved_by
FROM custody_discrepancy_now
WHERE (%(office)s::text IS NULL OR office = %(office)s OR from_office = %(office)s)
  AND (%(movement)s::text IS NULL OR movement = %(movement)s)
  AND (%(all)s OR resolution IS NULL)
ORDER BY at, movement, number
