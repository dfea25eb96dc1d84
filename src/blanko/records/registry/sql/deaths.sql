-- Deaths in files that no row of registry_death speaks of yet, each beside the person it means.
DROP TABLE IF EXISTS registry_death_found;
CREATE TEMP TABLE registry_death_found ON COMMIT DROP AS
WITH reported AS (
    SELECT 'file' AS source, d.office, coalesce(d.document_no, '') AS document_no, d.died_on, d.nik, d.record_id,
           coalesce(d.recorded_office, d.office) AS recorded_office
    FROM intake_death_latest AS d
    UNION ALL
    SELECT 'status', l.recorded_office, '', l.died_on, l.nik, l.record_id, l.recorded_office
    FROM registry_incoming AS l WHERE l.died_on IS NOT NULL
)
SELECT d.*,
       -- By its record when the file names one; by NIK only when one person alone carries it.
       coalesce(by_key.person_id, by_nik.person_id) AS person_id
FROM reported AS d
LEFT JOIN registry_record AS by_key
    ON by_key.recorded_office = d.recorded_office AND by_key.record_id = d.record_id
LEFT JOIN LATERAL (
    SELECT min(r.person_id) AS person_id FROM registry_record AS r
    WHERE by_key.person_id IS NULL AND r.nik = d.nik
    HAVING count(DISTINCT r.person_id) = 1
) AS by_nik ON true;

DROP TABLE IF EXISTS registry_death_new;
CREATE TEMP TABLE registry_death_new ON COMMIT DROP AS
SELECT person_id,
       (SELECT coalesce(max(h.seq), 0) FROM registry_death AS h WHERE h.person_id = f.person_id)
           + row_number() OVER (PARTITION BY person_id ORDER BY died_on DESC, office, document_no, source) AS seq,
       true AS stands, died_on, source, office, document_no, '' AS reason
FROM (SELECT DISTINCT person_id, died_on, source, office, document_no FROM registry_death_found) AS f
WHERE person_id IS NOT NULL
  -- A report that was lifted stays lifted, however often its file is read again.
  AND NOT EXISTS (
      SELECT FROM registry_death AS h
      LEFT JOIN registry_person_resolved AS w ON w.person_id = h.person_id
      WHERE coalesce(w.survivor, h.person_id) = f.person_id
        AND (h.source, h.office, h.document_no, h.died_on) = (f.source, f.office, f.document_no, f.died_on)
  );
