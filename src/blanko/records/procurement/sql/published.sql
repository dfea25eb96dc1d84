-- Each lot as it stands: how far it is, and whether it is stock. A lot that arrived and is held shows why.
CREATE VIEW procurement_lot_now WITH (security_invoker = true) AS
SELECT l.lot_no, l.contract_no, l.delivery_no, l.series, l.first_box, l.box_count, l.box_size,
       l.box_count::bigint * l.box_size AS quantity, l.announced_on, l.unit_price_idr,
       (SELECT coalesce(sum(p.quantity), 0) FROM procurement_payment AS p WHERE p.lot_no = l.lot_no)::bigint AS paid,
       reached.stages, reached.dates, reached.estimated,
       a.lot_no IS NOT NULL AS is_stock,
       CASE WHEN 'arrived' = ANY (reached.stages) AND NOT 'released' = ANY (reached.stages)
            THEN arrived.held_for END AS held_for,
       a.bast_no, a.accepted_on, a.accepted_boxes, a.rejected_boxes
FROM procurement_lot AS l
LEFT JOIN procurement_acceptance AS a USING (lot_no)
LEFT JOIN procurement_lot_stage AS arrived ON arrived.lot_no = l.lot_no AND arrived.stage = 'arrived'
CROSS JOIN LATERAL (
    SELECT coalesce(array_agg(s.stage ORDER BY s.reached_on, s.id), '{}') AS stages,
           coalesce(array_agg(s.reached_on ORDER BY s.reached_on, s.id), '{}') AS dates,
           coalesce(array_agg(s.stage) FILTER (WHERE s.is_estimated), '{}') AS estimated
    FROM procurement_lot_stage AS s WHERE s.lot_no = l.lot_no
) AS reached;

-- What custody may receive: released, accepted lots, without their rejected boxes.
CREATE VIEW procurement_lot_accepted WITH (security_invoker = true) AS
SELECT l.lot_no, l.contract_no, l.series, l.first_box, l.box_count, l.box_size, a.bast_no, a.accepted_on, a.accepted_boxes,
       ARRAY(SELECT r.box_no FROM procurement_rejected_box AS r WHERE r.lot_no = l.lot_no ORDER BY r.box_no) AS rejected,
       released.reached_on AS released_on
FROM procurement_lot AS l
JOIN procurement_acceptance AS a USING (lot_no)
JOIN procurement_lot_stage AS released ON released.lot_no = l.lot_no AND released.stage = 'released'
JOIN procurement_lot_stage AS accepted ON accepted.lot_no = l.lot_no AND accepted.stage = 'accepted';
