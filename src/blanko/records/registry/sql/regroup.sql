-- Who becomes whom, from registry_regrouped.
-- A part takes the smallest id that its records bore first; one that bore none gets a new id.
DROP TABLE IF EXISTS registry_part;
CREATE TEMP TABLE registry_part ON COMMIT DROP AS
SELECT grp, coalesce(least, nextval('registry_person_number')) AS person_id, recorded_office, record_id,
       least IS NULL AS is_new
FROM (SELECT DISTINCT ON (grp) grp, min(founded) OVER (PARTITION BY grp) AS least, recorded_office, record_id
      FROM registry_regrouped ORDER BY grp, recorded_office, record_id) AS first
ORDER BY recorded_office, record_id;
ANALYZE registry_part;

DROP TABLE IF EXISTS registry_link_new;
CREATE TEMP TABLE registry_link_new ON COMMIT DROP AS
SELECT g.recorded_office, g.record_id, g.link_seq + 1 AS seq, p.person_id, %(cause)s AS cause, g.held
FROM registry_regrouped AS g JOIN registry_part AS p ON p.grp = g.grp
WHERE p.person_id <> g.held;
ANALYZE registry_link_new;

-- Where each id led, and where it leads now.
DROP TABLE IF EXISTS registry_way;
CREATE TEMP TABLE registry_way ON COMMIT DROP AS
SELECT g.founded AS person_id, g.held, p.person_id AS becomes
FROM registry_regrouped AS g JOIN registry_part AS p ON p.grp = g.grp
WHERE g.founded IS NOT NULL
UNION ALL
SELECT p.person_id, g.held, p.person_id
FROM registry_part AS p
JOIN registry_regrouped AS g ON g.recorded_office = p.recorded_office AND g.record_id = p.record_id
WHERE p.is_new;

DROP TABLE IF EXISTS registry_merge_new;
CREATE TEMP TABLE registry_merge_new ON COMMIT DROP AS
SELECT person_id, becomes AS survivor, %(cause)s AS cause, %(reason)s AS reason
FROM registry_way WHERE person_id = held AND becomes <> held;

-- An earlier id of a person that became another's as a whole goes with it, and needs no row of its own.
DROP TABLE IF EXISTS registry_split_new;
CREATE TEMP TABLE registry_split_new ON COMMIT DROP AS
SELECT w.held AS split_from, w.person_id, w.becomes, %(cause)s AS cause, %(reason)s AS reason
FROM registry_way AS w
JOIN registry_way AS whole ON whole.person_id = w.held
WHERE w.person_id <> w.held AND w.becomes <> whole.becomes;
