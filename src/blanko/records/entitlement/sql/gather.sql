-- Each person's leading record, and what was applied for under its NIK.
DROP TABLE IF EXISTS entitlement_lead;
CREATE TEMP TABLE entitlement_lead ON COMMIT DROP AS
SELECT r.person_id, r.recorded_office, r.record_id, r.regency, r.nik, r.status, r.status_since, r.issued_on, r.birth_date,
       coalesce(r.recorded_on, r.status_since) AS recorded_on, r.marital_status, r.died_on,
       CASE WHEN w.record_id IS NULL THEN r.warnings ELSE r.warnings || ARRAY['possible_double'] END AS warnings
FROM registry_record_current AS r
LEFT JOIN (SELECT DISTINCT later_office, later_id AS record_id FROM registry_pair_open) AS w
    ON w.later_office = r.recorded_office AND w.record_id = r.record_id
WHERE r.is_lead AND (%(persons)s::bigint[] IS NULL OR r.person_id = ANY (%(persons)s::bigint[]));
ANALYZE entitlement_lead;

DROP TABLE IF EXISTS entitlement_applied;
CREATE TEMP TABLE entitlement_applied ON COMMIT DROP AS
SELECT l.person_id, a.cause, a.applied_on, a.event_date
FROM intake_application_latest AS a JOIN entitlement_lead AS l ON l.nik = a.nik;
