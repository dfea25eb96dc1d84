-- Sealed boxes of an office, first in, first out: the lot that was released first goes first.
SELECT p.series, p.box_no, p.last
FROM custody_place AS p
LEFT JOIN procurement_lot_accepted AS lot ON lot.lot_no = p.lot
WHERE p.office = %(office)s AND p.sealed
ORDER BY lot.released_on, p.series, p.box_no
