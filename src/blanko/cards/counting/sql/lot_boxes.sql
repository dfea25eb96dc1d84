-- The accepted boxes of these lots of which not every blank has a place.
SELECT l.series, box_no, l.box_size, coalesce(p.blanks, 0)::int
FROM procurement_lot_accepted AS l
CROSS JOIN LATERAL generate_series(l.first_box, l.first_box + l.box_count - 1) AS box_no
LEFT JOIN LATERAL (SELECT sum(last - first + 1) AS blanks FROM custody_place AS p
                   WHERE p.series = l.series AND p.box_no = box_no.box_no) AS p ON true
WHERE l.lot_no = ANY (%(lots)s) AND box_no <> ALL (l.rejected) AND coalesce(p.blanks, 0) <> l.box_size
ORDER BY 1, 2
