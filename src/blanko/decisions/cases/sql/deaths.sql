-- Persons whose death is reported, each with its notice and the last word on an objection.
SELECT r.person_id, r.name, r.nik, f.address, r.recorded_office, r.record_id, r.regency, r.died_on, d.event_id, d.source,
       d.office AS document_office, d.document_no, n.notice_no, n.matched_by, n.noticed_on, n.object_until,
       coalesce(o.step, '') AS step, b.by AS objected_by, b.reason AS says, b.objector, b.shown,
       CASE WHEN o.step = 'reject' THEN o.by END AS decided_by, CASE WHEN o.step = 'reject' THEN o.reason END AS decided
FROM registry_record_current AS r
JOIN registry_death_noticed AS d ON d.person_id = r.person_id
LEFT JOIN intake_registration_latest AS f ON f.recorded_office = r.recorded_office AND f.record_id = r.record_id
LEFT JOIN cases_death_notice AS n
    ON n.recorded_office = r.recorded_office AND n.record_id = r.record_id AND n.death_event = d.event_id
LEFT JOIN LATERAL (SELECT * FROM cases_death_objection AS o WHERE o.recorded_office = r.recorded_office
                   AND o.record_id = r.record_id ORDER BY o.seq DESC LIMIT 1) AS o ON true
LEFT JOIN LATERAL (SELECT * FROM cases_death_objection AS b WHERE b.recorded_office = r.recorded_office
                   AND b.record_id = r.record_id AND b.step = 'object' ORDER BY b.seq DESC LIMIT 1) AS b
    ON o.step NOT IN ('withdraw', 'uphold')
WHERE r.is_lead AND r.died_on IS NOT NULL AND /* WHERE */
ORDER BY d.event_id DESC, r.person_id
LIMIT %s
