SELECT office, coalesce(good, 0), coalesce(in_transit_in, 0), coalesce(whole_boxes, 0),
       coalesce(good, 0) - coalesce(in_whole_boxes, 0)
FROM custody_holding WHERE %(office)s::text IS NULL OR office = %(office)s
ORDER BY office
