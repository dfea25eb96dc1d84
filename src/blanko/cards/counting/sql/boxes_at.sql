-- The boxes that have blanks at these offices, or on their way there.
SELECT DISTINCT p.series, p.box_no
FROM custody_place AS p
WHERE p.office = ANY (%(offices)s)
   OR p.movement IN (SELECT movement FROM custody_entry WHERE condition = 'in_transit' AND office = ANY (%(offices)s))
ORDER BY 1, 2
