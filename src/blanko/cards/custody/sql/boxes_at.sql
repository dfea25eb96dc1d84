SELECT series, box_no, 1, size
FROM custody_box
WHERE office = %(office)s AND state = 'whole' AND condition = 'good'
ORDER BY received_on, series, box_no
LIMIT %(limit)s
