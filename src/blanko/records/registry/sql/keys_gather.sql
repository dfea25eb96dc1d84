-- The next records without keys, in the order of their keys, beside what they were keyed as before. Linkage's columns.
DROP TABLE IF EXISTS registry_keying;
CREATE TEMP TABLE registry_keying ON COMMIT DROP AS
SELECT u.recorded_office, u.record_id, r.version, k.rec AS held_rec, k.packed AS held_packed
FROM (SELECT recorded_office, record_id FROM registry_unkeyed ORDER BY recorded_office, record_id LIMIT %(most)s) AS u
JOIN registry_record AS r ON r.recorded_office = u.recorded_office AND r.record_id = u.record_id
LEFT JOIN registry_keyed AS k ON k.recorded_office = u.recorded_office AND k.record_id = u.record_id;
ANALYZE registry_keying;
