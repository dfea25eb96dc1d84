-- Write the staged facts and fold them into the records as they stand. %(event)s seals them.
INSERT INTO registry_record_link (recorded_office, record_id, seq, person_id, cause, event_id)
SELECT recorded_office, record_id, seq, person_id, cause, %(event)s FROM registry_link_new;

INSERT INTO registry_person_merge (person_id, survivor, cause, reason, event_id)
SELECT person_id, survivor, cause, '', %(event)s FROM registry_merge_new;

INSERT INTO registry_status (recorded_office, record_id, seq, from_status, to_status, since, kind, reason, event_id)
SELECT recorded_office, record_id, seq, from_status, to_status, since, kind, reason, %(event)s FROM registry_status_new;

INSERT INTO registry_status_conflict
    (recorded_office, record_id, version, held_status, held_since, shown_status, shown_since, event_id)
SELECT recorded_office, record_id, version, held_status, held_since, shown_status, shown_since, %(event)s
FROM registry_conflict_new;

UPDATE registry_record AS r
SET version = p.version, regency = p.regency, nik = p.nik, name = p.name, birth_date = p.birth_date, sex = p.sex,
    marital_status = p.marital_status, recorded_on = p.recorded_on, warnings = p.warnings, event_id = %(event)s,
    status = coalesce(s.to_status, r.status), status_since = coalesce(s.since, r.status_since),
    status_seq = coalesce(s.seq, r.status_seq),
    issued_on = CASE WHEN s.to_status = 'CARD_ISSUED' THEN s.since ELSE r.issued_on END,
    -- What an officer confirmed was this NIK of a person of this birth date and sex.
    nik_confirmed = r.nik_confirmed AND (r.nik, r.birth_date, r.sex) IS NOT DISTINCT FROM (p.nik, p.birth_date, p.sex),
    -- The newest version decides: one that agrees with the chain ends an earlier conflict.
    status_conflict = c.record_id IS NOT NULL
FROM registry_placed AS p
LEFT JOIN registry_status_new AS s ON s.recorded_office = p.recorded_office AND s.record_id = p.record_id
LEFT JOIN registry_conflict_new AS c ON c.recorded_office = p.recorded_office AND c.record_id = p.record_id
WHERE p.held_person IS NOT NULL AND r.recorded_office = p.recorded_office AND r.record_id = p.record_id;

INSERT INTO registry_record (recorded_office, record_id, person_id, link_seq, version, regency, nik, name, birth_date, sex,
    marital_status, recorded_on, status, status_since, status_seq, issued_on, warnings, status_conflict, nik_shared,
    nik_confirmed, died_on, is_lead, cluster_size, founded, closed, event_id)
SELECT p.recorded_office, p.record_id, p.person_id, 1, p.version, p.regency, p.nik, p.name, p.birth_date, p.sex,
    p.marital_status, p.recorded_on, s.to_status, s.since, s.seq,
    CASE WHEN s.to_status = 'CARD_ISSUED' THEN s.since END, p.warnings, c.record_id IS NOT NULL, false, false, NULL,
    p.cause = 'first_seen', 1, CASE WHEN p.cause = 'first_seen' THEN p.person_id END, false, %(event)s
FROM registry_placed AS p
JOIN registry_status_new AS s ON s.recorded_office = p.recorded_office AND s.record_id = p.record_id
LEFT JOIN registry_conflict_new AS c ON c.recorded_office = p.recorded_office AND c.record_id = p.record_id
WHERE p.held_person IS NULL;

UPDATE registry_record AS r SET person_id = m.survivor, is_lead = false, event_id = %(event)s
FROM registry_merge_new AS m WHERE r.person_id = m.person_id;

DROP TABLE IF EXISTS registry_touched;
CREATE TEMP TABLE registry_touched ON COMMIT DROP AS
SELECT coalesce(m.survivor, p.person_id) AS person_id
FROM registry_placed AS p LEFT JOIN registry_merge_new AS m ON m.person_id = p.person_id
WHERE p.cause IS DISTINCT FROM 'first_seen'
UNION
SELECT survivor FROM registry_merge_new;

-- A NIK that several persons carry is a warning on each of their records, and its mending takes the warning away.
UPDATE registry_record AS r SET nik_shared = carried.repeated, event_id = %(event)s
FROM (
    SELECT nik, count(DISTINCT person_id) FILTER (WHERE NOT withdrawn) > 1 AS repeated
    FROM registry_record
    WHERE nik IN (SELECT nik FROM registry_placed UNION
                  SELECT held_nik FROM registry_placed WHERE held_nik IS NOT NULL UNION
                  SELECT t.nik FROM registry_record AS t JOIN registry_touched AS u ON u.person_id = t.person_id)
    GROUP BY nik
    HAVING count(*) > 1 OR bool_or(nik_shared)
) AS carried
WHERE r.nik = carried.nik AND r.nik_shared <> carried.repeated;

-- Nobody finds these at the counter yet.
INSERT INTO registry_unkeyed (recorded_office, record_id, since, event_id)
SELECT recorded_office, record_id, %(at)s, %(event)s FROM registry_placed WHERE NOT held_withdrawn ORDER BY recorded_office, record_id
ON CONFLICT (recorded_office, record_id) DO NOTHING;
