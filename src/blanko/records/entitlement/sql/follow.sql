-- Leading records of some persons with what was applied for, and the day on which all claims stand.
SELECT r.person_id, r.recorded_office, r.record_id, r.regency, r.status, r.status_since, r.issued_on, r.birth_date,
       coalesce(r.recorded_on, r.status_since) AS recorded_on, r.marital_status, r.died_on, r.warnings,
       (SELECT jsonb_agg(jsonb_build_array(a.cause, a.applied_on, a.event_date))::text
        FROM intake_application_latest AS a WHERE a.nik = r.nik) AS applications,
       (SELECT as_of FROM entitlement_claim_day) AS as_of
FROM registry_record_current AS r
WHERE r.is_lead AND r.person_id = ANY (%(persons)s)
