-- The boxes that an accepted lot brings, each with its size.
SELECT l.series, box_no, 1, l.box_size
FROM procurement_lot_accepted AS l,
     generate_series(l.first_box, l.first_box + l.box_count - 1) AS box_no
WHERE l.lot_no = %(lot_no)s AND box_no <> ALL (l.rejected)
ORDER BY box_no
