SELECT q.person_id, q.recorded_office, q.record_id, r.nik, r.name, q.cause, q.since, q.print_ready_since, q.holds_suket, q.rule
FROM issuance_queue(%(office)s, %(day)s, %(limit)s) WITH ORDINALITY AS q
LEFT JOIN registry_record_current AS r ON r.recorded_office = q.recorded_office AND r.record_id = q.record_id
ORDER BY q.ordinality
