SELECT series, box_no, first, last, condition, office, movement, lot, sealed
FROM custody_place
WHERE series = %(series)s AND box_no = %(box_no)s AND first <= %(last)s AND last >= %(first)s
ORDER BY first
