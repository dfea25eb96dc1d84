-- The same as custody_holding on an earlier day, folded from the journal alone.
SELECT office, coalesce(sum(quantity) FILTER (WHERE condition = 'good'), 0),
       coalesce(sum(quantity) FILTER (WHERE condition = 'in_transit'), 0)
FROM custody_entry
WHERE at <= %(at)s AND condition IN ('good', 'in_transit') AND (%(office)s::text IS NULL OR office = %(office)s)
GROUP BY office ORDER BY office
