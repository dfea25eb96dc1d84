SELECT lot_no, contract_no, delivery_no, series, first_box, box_count, box_size, quantity, unit_price_idr, paid, stages,
       dates, estimated, is_stock, held_for, bast_no, accepted_on, coalesce(accepted_boxes, 0) AS accepted_boxes,
       coalesce(rejected_boxes, 0) AS rejected_boxes
FROM procurement_lot_now
WHERE (%(contract_no)s::text IS NULL OR contract_no = %(contract_no)s)
  AND (%(lot_no)s::text IS NULL OR lot_no = %(lot_no)s)
ORDER BY announced_on, lot_no
