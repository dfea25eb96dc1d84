-- What the linkage engine must see: the new versions, and held records that share a NIK with one of them.
SELECT recorded_office || '/' || record_id AS key, nik, name, birth_date::text AS birth_date FROM registry_incoming
WHERE NOT held_withdrawn
UNION ALL
SELECT r.recorded_office || '/' || r.record_id, r.nik, r.name, r.birth_date::text
FROM registry_record AS r
WHERE r.nik IN (SELECT nik FROM registry_incoming) AND NOT r.withdrawn
  AND NOT EXISTS (SELECT FROM registry_incoming AS i
                  WHERE i.recorded_office = r.recorded_office AND i.record_id = r.record_id)
