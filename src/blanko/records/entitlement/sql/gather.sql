-- Each person's leading record, and what was applied for under its NIK.
DROP TABLE IF EXISTS entitlement_lead;
CREATE TEMP TABLE entitlement_lead ON COMMIT DROP AS
SELECT person_id, recorded_office, record_id, regency, nik, status, status_since, issued_on, birth_date,
       coalesce(recorded_on, status_since) AS recorded_on,
       marital_status, died_on, warnings
FROM registry_record_current
WHERE is_lead AND (%(persons)s::bigint[] IS NULL OR person_id = ANY (%(persons)s::bigint[]));
ANALYZE entitlement_lead;

DROP TABLE IF EXISTS entitlement_applied;
CREATE TEMP TABLE entitlement_applied ON COMMIT DROP AS
SELECT l.person_id, a.cause, a.applied_on, a.event_date
FROM intake_application_latest AS a JOIN entitlement_lead AS l ON l.nik = a.nik;
