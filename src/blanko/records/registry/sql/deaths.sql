-- Deaths in files that no row of registry_death speaks of yet, each beside the person it means.
DROP TABLE IF EXISTS registry_death_found;
CREATE TEMP TABLE registry_death_found ON COMMIT DROP AS
WITH reported AS (
    SELECT 'file' AS source, d.office, coalesce(d.document_no, '') AS document_no, d.died_on, d.nik, d.record_id,
           coalesce(d.recorded_office, d.office) AS recorded_office
    FROM intake_death_latest AS d
    -- One that names its person is matched by the name too (registry.dying), unless it names the record itself.
    WHERE d.name IS NULL OR EXISTS (
        SELECT FROM registry_record AS r
        WHERE r.record_id = d.record_id AND r.recorded_office = coalesce(d.recorded_office, d.office))
    UNION ALL
    SELECT 'status', l.recorded_office, '', l.died_on, l.nik, l.record_id, l.recorded_office
    FROM registry_incoming AS l WHERE l.died_on IS NOT NULL
)
SELECT d.*,
       -- By its record when the file names one; by NIK only when one person alone carries it.
       coalesce(by_key.person_id, by_nik.person_id) AS person_id,
       coalesce(by_key.recorded_office, by_nik.first[1]) AS of_office, coalesce(by_key.record_id, by_nik.first[2]) AS of_record
FROM reported AS d
LEFT JOIN registry_record AS by_key
    ON by_key.recorded_office = d.recorded_office AND by_key.record_id = d.record_id
LEFT JOIN LATERAL (
    SELECT min(r.person_id) AS person_id, min(ARRAY[r.recorded_office, r.record_id]) AS first FROM registry_record AS r
    WHERE by_key.person_id IS NULL AND r.nik = d.nik AND NOT r.withdrawn
    HAVING count(DISTINCT r.person_id) = 1
) AS by_nik ON true;

-- The last word of each report of a file about each person, where its document now names somebody else. An officer who
-- lifted a death has answered every report before that.
DROP TABLE IF EXISTS registry_death_lifted;
CREATE TEMP TABLE registry_death_lifted ON COMMIT DROP AS
SELECT h.person_id, h.recorded_office, h.record_id, h.died_on, h.source, h.office, h.document_no,
       'document ' || h.document_no || ' of ' || h.office || ' now names somebody else' AS reason
FROM intake_death_renamed AS d
JOIN LATERAL (
    SELECT DISTINCT ON (r.person_id) r.* FROM registry_death AS r
    WHERE r.source = 'file' AND r.office = d.office AND r.document_no = d.document_no
    ORDER BY r.person_id, r.seq DESC
) AS h ON h.stands
JOIN registry_record AS w ON w.recorded_office = h.recorded_office AND w.record_id = h.record_id
WHERE d.name IS NULL AND NOT EXISTS (
    SELECT FROM registry_record AS r
    WHERE r.person_id = w.person_id
      AND CASE WHEN d.record_id IS NULL THEN r.nik = d.nik
               ELSE r.record_id = d.record_id AND r.recorded_office = coalesce(d.recorded_office, d.office) END
) AND NOT EXISTS (
    SELECT FROM registry_death AS o
    WHERE o.person_id = h.person_id AND o.seq > h.seq AND o.source = 'officer' AND NOT o.stands
);
