-- The rows to be written, from registry_death_found (reports beside the persons they mean) and registry_death_lifted
-- (reports that no longer hold, each with the reason).
DROP TABLE IF EXISTS registry_death_new;
CREATE TEMP TABLE registry_death_new ON COMMIT DROP AS
SELECT person_id,
       (SELECT coalesce(max(h.seq), 0) FROM registry_death AS h WHERE h.person_id = f.person_id)
           + row_number() OVER (PARTITION BY person_id ORDER BY turn, died_on DESC, office, document_no, source) AS seq,
       recorded_office, record_id, stands, died_on, source, office, document_no, reason
FROM (
    SELECT 1 AS turn, false AS stands, person_id, recorded_office, record_id, died_on, source, office, document_no,
           reason
    FROM registry_death_lifted
    UNION ALL
    -- The last row of a person counts: another report that still stands is said again after the one that was lifted.
    SELECT 2, true, h.person_id, h.recorded_office, h.record_id, h.died_on, h.source, h.office, h.document_no, 'this report still stands'
    FROM (
        SELECT DISTINCT ON (r.person_id, r.source, r.office, r.document_no) r.* FROM registry_death AS r
        WHERE r.person_id IN (SELECT person_id FROM registry_death_lifted)
        ORDER BY r.person_id, r.source, r.office, r.document_no, r.seq DESC
    ) AS h
    WHERE h.stands
      AND NOT EXISTS (
          SELECT FROM registry_death_lifted AS l
          WHERE (l.person_id, l.source, l.office, l.document_no) = (h.person_id, h.source, h.office, h.document_no)
      ) AND NOT EXISTS (
          SELECT FROM registry_death AS o
          WHERE o.person_id = h.person_id AND o.seq > h.seq AND o.source = 'officer' AND NOT o.stands
      )
    UNION ALL
    SELECT DISTINCT 3, true, person_id, of_office, of_record, died_on, source, office, document_no, ''
    FROM registry_death_found AS n
    WHERE person_id IS NOT NULL
      -- A report that an officer lifted stays lifted, however often its file is read again; one that was lifted because
      -- its document named another person comes back when it names this one again.
      AND NOT EXISTS (
          SELECT FROM registry_death AS h
          JOIN registry_record AS w ON w.recorded_office = h.recorded_office AND w.record_id = h.record_id
          WHERE w.person_id = n.person_id AND h.stands
            AND (h.source, h.office, h.document_no, h.died_on) = (n.source, n.office, n.document_no, n.died_on)
            AND NOT EXISTS (
                SELECT FROM registry_death AS l
                WHERE l.person_id = h.person_id AND l.seq > h.seq AND NOT l.stands
                  AND (l.source, l.office, l.document_no) = (h.source, h.office, h.document_no)
            )
      )
) AS f;
