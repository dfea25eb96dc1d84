-- Give every incoming record its person. registry_cluster holds only clusters of more than one record.
ANALYZE registry_cluster;

DROP TABLE IF EXISTS registry_known_cluster;
CREATE TEMP TABLE registry_known_cluster ON COMMIT DROP AS
SELECT c.cluster, min(r.person_id) AS person_id
FROM registry_cluster AS c
JOIN registry_record AS r ON r.recorded_office = c.recorded_office AND r.record_id = c.record_id
GROUP BY c.cluster;

-- Numbers are given in the order of the keys, so that the same files give the same numbers.
DROP TABLE IF EXISTS registry_new_person;
CREATE TEMP TABLE registry_new_person ON COMMIT DROP AS
SELECT cluster, nextval('registry_person_number') AS person_id
FROM (
    SELECT DISTINCT coalesce(c.cluster, i.recorded_office || '/' || i.record_id) COLLATE "C" AS cluster
    FROM registry_incoming AS i
    LEFT JOIN registry_cluster AS c ON c.recorded_office = i.recorded_office AND c.record_id = i.record_id
    WHERE i.held_person IS NULL
      AND NOT EXISTS (SELECT FROM registry_known_cluster AS k WHERE k.cluster = c.cluster)
    ORDER BY 1
) AS fresh;
ANALYZE registry_new_person;

DROP TABLE IF EXISTS registry_placed;
CREATE TEMP TABLE registry_placed ON COMMIT DROP AS
SELECT i.*, coalesce(i.held_person, k.person_id, n.person_id) AS person_id,
       CASE WHEN i.held_person IS NOT NULL THEN NULL
            WHEN k.person_id IS NOT NULL THEN 'exact_duplicate'
            -- A cluster is named after its smallest key, and all of this one is new.
            WHEN c.cluster IS NULL OR c.cluster = i.recorded_office || '/' || i.record_id THEN 'first_seen'
            ELSE 'exact_duplicate' END AS cause
FROM registry_incoming AS i
LEFT JOIN registry_cluster AS c ON c.recorded_office = i.recorded_office AND c.record_id = i.record_id
LEFT JOIN registry_known_cluster AS k ON k.cluster = c.cluster
LEFT JOIN registry_new_person AS n ON n.cluster = coalesce(c.cluster, i.recorded_office || '/' || i.record_id);
ANALYZE registry_placed;

DROP TABLE IF EXISTS registry_link_new;
CREATE TEMP TABLE registry_link_new ON COMMIT DROP AS
SELECT recorded_office, record_id, 1 AS seq, person_id, cause FROM registry_placed WHERE cause IS NOT NULL;

-- The rule is rules.believes_file.
DROP TABLE IF EXISTS registry_shown;
CREATE TEMP TABLE registry_shown ON COMMIT DROP AS
SELECT p.*, coalesce(p.held_status, 'UNREGISTERED') AS from_status, t.kind AS kind,
       t.kind IS NOT NULL AND (
           p.held_status IS NULL OR shown.lead_rank <= held.lead_rank OR p.shown_since >= p.held_since
       ) IS TRUE AS believed
FROM registry_placed AS p
LEFT JOIN registry_status_transition AS t
    ON t.from_status = coalesce(p.held_status, 'UNREGISTERED') AND t.to_status = p.shown_status
    AND t.kind = CASE WHEN p.held_status IS NULL THEN 'first' ELSE 'observed' END
LEFT JOIN registry_status_name AS shown ON shown.status = p.shown_status
LEFT JOIN registry_status_name AS held ON held.status = p.held_status
-- The same status without another date is no news.
WHERE p.held_status IS NULL
   OR p.shown_status <> p.held_status
   OR (p.shown_status = p.held_status AND p.shown_since <> p.held_since);

DROP TABLE IF EXISTS registry_status_new;
CREATE TEMP TABLE registry_status_new ON COMMIT DROP AS
SELECT recorded_office, record_id, coalesce(held_seq, 0) + 1 AS seq, from_status,
       CASE WHEN believed THEN shown_status ELSE 'SENT_FOR_ENROLLMENT' END AS to_status,
       -- A status without its date began at the latest when the record, or the status before it, did.
       CASE WHEN believed AND shown_since IS NOT NULL THEN shown_since
            ELSE greatest(held_since, known_on) END AS since,
       CASE WHEN held_status IS NULL THEN 'first' ELSE 'observed' END AS kind,
       CASE WHEN shown_status IS NULL THEN 'the file gives no status' ELSE '' END AS reason
FROM registry_shown
WHERE believed OR held_status IS NULL;
ANALYZE registry_status_new;

DROP TABLE IF EXISTS registry_conflict_new;
CREATE TEMP TABLE registry_conflict_new ON COMMIT DROP AS
SELECT recorded_office, record_id, version, coalesce(held_status, 'SENT_FOR_ENROLLMENT') AS held_status,
       coalesce(held_since, known_on) AS held_since, shown_status, coalesce(shown_since, known_on) AS shown_since
FROM registry_shown
WHERE NOT believed AND shown_status IS NOT NULL;
