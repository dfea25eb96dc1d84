-- Write the staged facts and fold them into the records. %(event)s seals them.
INSERT INTO registry_record_link (recorded_office, record_id, seq, person_id, cause, event_id)
SELECT recorded_office, record_id, seq, person_id, cause, %(event)s FROM registry_link_new;

INSERT INTO registry_person_merge (person_id, survivor, cause, reason, event_id)
SELECT person_id, survivor, cause, reason, %(event)s FROM registry_merge_new;

INSERT INTO registry_person_split (split_from, person_id, becomes, cause, reason, event_id)
SELECT split_from, person_id, becomes, cause, reason, %(event)s FROM registry_split_new;

UPDATE registry_record AS r
SET person_id = l.person_id, link_seq = l.seq, is_lead = false, event_id = %(event)s,
    founded = coalesce(r.founded, p.person_id)
FROM registry_link_new AS l
LEFT JOIN registry_part AS p
    ON p.is_new AND p.recorded_office = l.recorded_office AND p.record_id = l.record_id
WHERE r.recorded_office = l.recorded_office AND r.record_id = l.record_id;

DROP TABLE IF EXISTS registry_touched;
CREATE TEMP TABLE registry_touched ON COMMIT DROP AS
SELECT person_id FROM registry_link_new UNION SELECT held FROM registry_link_new;

-- A NIK that several persons carry is a warning on each of their records.
UPDATE registry_record AS r SET nik_shared = carried.repeated, event_id = %(event)s
FROM (SELECT nik, count(DISTINCT person_id) FILTER (WHERE NOT withdrawn) > 1 AS repeated FROM registry_record
      WHERE nik IN (SELECT g.nik FROM registry_regrouped AS g) GROUP BY nik) AS carried
WHERE r.nik = carried.nik AND r.nik_shared <> carried.repeated;
