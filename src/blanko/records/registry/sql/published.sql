-- Each record as it stands: newest version, person, status. One of a person's records leads: it carries the card.
CREATE VIEW registry_record_current WITH (security_invoker = true) AS
SELECT recorded_office, record_id, person_id, regency, nik, name, birth_date, sex, marital_status, status, status_since,
       issued_on, recorded_on, died_on, is_lead, cluster_size,
       CASE WHEN nik_confirmed
            THEN array_remove(array_remove(warnings, 'nik_contradicts_birth_date'), 'nik_contradicts_sex')
            ELSE warnings END
       || CASE WHEN nik_shared THEN ARRAY['nik_shared'] ELSE '{}' END
       || CASE WHEN status_conflict THEN ARRAY['status_conflict'] ELSE '{}' END AS warnings,
       version, event_id
FROM registry_record;

-- Every id that a person ever had, and the one that holds now.
CREATE VIEW registry_person_resolved WITH (security_invoker = true) AS
WITH RECURSIVE way (person_id, survivor) AS (
    SELECT person_id, survivor FROM registry_person_merge
    UNION ALL
    SELECT way.person_id, further.survivor
    FROM way JOIN registry_person_merge AS further ON further.person_id = way.survivor
)
-- The smaller id always survives, so the end of the way is its smallest id.
SELECT person_id, min(survivor) AS survivor FROM way GROUP BY person_id;

-- Who is dead by the last report about each person.
CREATE VIEW registry_death_standing WITH (security_invoker = true) AS
SELECT coalesce(r.survivor, d.person_id) AS person_id, min(d.died_on) AS died_on
FROM (SELECT DISTINCT ON (person_id) * FROM registry_death ORDER BY person_id, seq DESC) AS d
LEFT JOIN registry_person_resolved AS r ON r.person_id = d.person_id
WHERE d.stands
GROUP BY 1;

-- Regencies whose registrations are loaded whole, one row for each person's registration.
CREATE VIEW registry_whole_regency WITH (security_invoker = true) AS
SELECT regency, as_of, by, reason, event_id
FROM (SELECT DISTINCT ON (regency) * FROM registry_coverage ORDER BY regency, seq DESC) AS last
WHERE whole;
