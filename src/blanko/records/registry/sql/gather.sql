-- Record versions that the registry has not taken in yet, beside what it holds.
DROP TABLE IF EXISTS registry_incoming;
CREATE TEMP TABLE registry_incoming ON COMMIT DROP AS
SELECT l.recorded_office, l.record_id, l.version, l.regency, l.nik, l.name, l.birth_date, l.sex, l.marital_status,
       l.recorded_on,
       -- What has no date of its own began at the latest when it was recorded, or came here.
       coalesce(l.recorded_on, %(today)s) AS known_on, coalesce(l.warnings, '{}') AS warnings,
       -- Death is no status: a file that gives it as one says nothing about the card.
       CASE WHEN l.status = 'DECEASED' THEN NULL
            WHEN l.status IS NULL AND l.card_issued_on IS NOT NULL THEN 'CARD_ISSUED'
            ELSE l.status END AS shown_status,
       coalesce(l.status_since, CASE WHEN coalesce(l.status, 'CARD_ISSUED') = 'CARD_ISSUED' THEN l.card_issued_on END)
           AS shown_since,
       CASE WHEN l.status = 'DECEASED' THEN coalesce(l.status_since, l.recorded_on, %(today)s) END AS died_on,
       r.person_id AS held_person, r.link_seq AS held_link_seq, r.nik AS held_nik,
       r.status AS held_status, r.status_since AS held_since, r.status_seq AS held_seq,
       coalesce(r.withdrawn, false) AS held_withdrawn
FROM intake_registration_latest AS l
LEFT JOIN registry_record AS r ON r.recorded_office = l.recorded_office AND r.record_id = l.record_id
WHERE r.version IS DISTINCT FROM l.version;
ANALYZE registry_incoming;
