-- Lots of which some boxes are in custody and others are not, or that nobody accepted: received lots are whole.
WITH held AS (
    SELECT lot, series, count(DISTINCT box_no) AS boxes, sum(last - first + 1) AS blanks FROM custody_place GROUP BY lot, series
)
SELECT h.lot, h.series, coalesce(a.accepted_boxes, 0), h.boxes, coalesce(a.accepted_boxes::bigint * a.box_size, 0), h.blanks
FROM held AS h LEFT JOIN procurement_lot_accepted AS a ON a.lot_no = h.lot AND a.series = h.series
WHERE a.lot_no IS NULL OR a.accepted_boxes <> h.boxes OR a.accepted_boxes::bigint * a.box_size <> h.blanks
ORDER BY h.lot
