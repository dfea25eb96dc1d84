-- Results that the registry has not taken yet, of records that it knows, in the order in which they were decided.
SELECT b.recorded_office, b.record_id, b.decided_at, b.version, b.result, coalesce(b.candidate_ids, ''),
       coalesce(b.score, ''), b.engine, r.status, r.status_seq, r.status_since, r.person_id
FROM intake_biometric_latest AS b
JOIN registry_record AS r USING (recorded_office, record_id)
WHERE NOT EXISTS (
    SELECT FROM registry_biometric AS t
    WHERE t.recorded_office = b.recorded_office AND t.record_id = b.record_id AND t.decided_at = b.decided_at
      AND t.version = b.version)
ORDER BY b.decided_at::timestamptz, b.recorded_office, b.record_id, b.version
