-- Good blanks of an office's opened boxes, first in, first out.
SELECT p.series, p.box_no, p.first, p.last
FROM custody_place AS p
LEFT JOIN procurement_lot_accepted AS lot ON lot.lot_no = p.lot
WHERE p.office = %(office)s AND NOT p.sealed AND p.condition = 'good'
ORDER BY lot.released_on, p.series, p.box_no, p.first
