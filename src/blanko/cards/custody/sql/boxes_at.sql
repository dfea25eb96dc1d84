SELECT series, box_no, 1, size
FROM custody_box
WHERE office = %(office)s AND state = 'whole'
ORDER BY received_on, series, box_no
LIMIT %(limit)s
