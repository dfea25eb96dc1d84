-- registry_wanted (recorded_office, record_id, grp) says which records are to be one person's. Records of the same
-- persons that are not named stay together. The rows are locked in the order of their keys.
DROP TABLE IF EXISTS registry_regrouped;
CREATE TEMP TABLE registry_regrouped ON COMMIT DROP AS
SELECT r.recorded_office, r.record_id, r.person_id AS held, r.link_seq, r.founded, r.nik,
       coalesce(w.grp, -r.person_id) AS grp
FROM registry_record AS r
LEFT JOIN registry_wanted AS w ON w.recorded_office = r.recorded_office AND w.record_id = r.record_id
WHERE r.person_id IN (SELECT t.person_id FROM registry_wanted AS n JOIN registry_record AS t
                      ON t.recorded_office = n.recorded_office AND t.record_id = n.record_id)
ORDER BY r.recorded_office, r.record_id
FOR UPDATE OF r;
ANALYZE registry_regrouped;
