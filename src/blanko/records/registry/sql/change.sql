-- Stage wanted status changes beside what is held. The rows are locked in the order of their keys.
DROP TABLE IF EXISTS registry_status_new;
CREATE TEMP TABLE registry_status_new ON COMMIT DROP AS
SELECT w.recorded_office, w.record_id, r.status_seq + 1 AS seq, r.status AS from_status, w.to_status, w.since,
       %(kind)s AS kind, %(reason)s AS reason, r.person_id
FROM registry_wanted AS w
LEFT JOIN LATERAL (
    SELECT * FROM registry_record AS held
    WHERE held.recorded_office = w.recorded_office AND held.record_id = w.record_id
    FOR UPDATE
) AS r ON true
ORDER BY w.recorded_office, w.record_id;
