-- The state of each round: its last step stands; ended_at and ended_by are of its end alone.
CREATE VIEW planning_round_state WITH (security_invoker = true) AS
SELECT r.number, r.title, r.as_of, r.release, r.stock, r.deadline, r.box_size, r.part_boxes, r.rule_version,
       r.inputs_sha256, r.document_sha256, r.event_id,
       coalesce(ended.step, review.step, 'draft') AS state, ended.at AS ended_at, ended.by AS ended_by,
       r.plan, r.version, r.supersedes, r.author, review.by AS reviewer
FROM planning_round AS r
LEFT JOIN planning_round_step AS review ON review.round_no = r.number AND review.step IN ('reviewed', 'returned')
LEFT JOIN planning_round_step AS ended
    ON ended.round_no = r.number AND ended.step IN ('committed', 'discarded', 'superseded');

-- What each round gives each regency, after overrides.
CREATE VIEW planning_share_standing WITH (security_invoker = true) AS
SELECT s.round_no, s.regency, s.need_source, s.need, s.earlier, s.in_hand, s.in_transit, s.remaining, s.deadline,
       s.share AS share_by_rule, coalesce(o.share_after, s.share) AS share, o.share_after IS NOT NULL AS overridden,
       s.fill_before, s.fill_after, s.dispatch_by, state.state
FROM planning_share AS s
JOIN planning_round_state AS state ON state.number = s.round_no
LEFT JOIN LATERAL (
    SELECT share_after FROM planning_override
    WHERE planning_override.round_no = s.round_no AND planning_override.regency = s.regency
    ORDER BY sequence DESC LIMIT 1
) AS o ON true;
GRANT SELECT ON planning_round_state, planning_share_standing TO blanko_app;
