SELECT series, box_no, first, last
FROM custody_place
WHERE office = %(office)s AND condition NOT IN ('issued', 'destroyed', 'missing')
ORDER BY series, box_no, first
