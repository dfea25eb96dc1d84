-- Every question that records ask today, each with its records in order. One row a record.
DROP TABLE IF EXISTS cases_found;
CREATE TEMP TABLE cases_found ON COMMIT DROP AS
WITH standing AS MATERIALIZED (
    SELECT left_office, left_id, right_office, right_id, verdict FROM registry_pair_verdict_standing
), several AS MATERIALIZED (
    SELECT r.person_id, r.recorded_office, r.record_id, r.closed
    FROM registry_record_current AS r WHERE r.cluster_size > 1
), asked AS (
    -- A person with two open records, or with a closed one whose decision no longer binds.
    SELECT 'merged' AS kind, p.person_id::text AS of, NULL::float8 AS weight, '' AS reason, r.recorded_office, r.record_id
    FROM (SELECT s.person_id FROM several AS s
          LEFT JOIN registry_record_closed AS c
              ON s.closed AND c.recorded_office = s.recorded_office AND c.record_id = s.record_id
          GROUP BY s.person_id
          HAVING count(*) FILTER (WHERE NOT s.closed) > 1 OR bool_or(s.closed AND NOT EXISTS (
              SELECT FROM standing AS v WHERE v.verdict = 'same'
                AND (v.left_office, v.left_id) = (least((c.kept_office, c.kept_id), (c.recorded_office, c.record_id)))
                AND (v.right_office, v.right_id) = (greatest((c.kept_office, c.kept_id), (c.recorded_office, c.record_id)))
          ))) AS p
    JOIN several AS r ON r.person_id = p.person_id
    UNION ALL
    SELECT 'review', m.left_office || '/' || m.left_id || ' ' || m.right_office || '/' || m.right_id, m.weight, m.reason,
           side.office, side.record
    FROM registry_pair_found AS m
    JOIN registry_record_current AS l ON l.recorded_office = m.left_office AND l.record_id = m.left_id AND NOT l.closed
    JOIN registry_record_current AS r ON r.recorded_office = m.right_office AND r.record_id = m.right_id AND NOT r.closed
    CROSS JOIN LATERAL (VALUES (m.left_office, m.left_id), (m.right_office, m.right_id)) AS side (office, record)
    WHERE m.decided = 'review' AND l.person_id <> r.person_id
      AND NOT EXISTS (SELECT FROM standing AS v
                      WHERE v.left_office = m.left_office AND v.left_id = m.left_id
                        AND v.right_office = m.right_office AND v.right_id = m.right_id)
    UNION ALL
    SELECT 'biometric', b.recorded_office || '/' || b.record_id, NULL, b.result, side.office, side.record
    FROM registry_biometric_last AS b
    JOIN registry_record_current AS own
        ON own.recorded_office = b.recorded_office AND own.record_id = b.record_id AND NOT own.closed
    CROSS JOIN LATERAL string_to_table(b.candidate_ids, ';') AS named
    JOIN registry_record_current AS other
        ON other.recorded_office = CASE WHEN named LIKE '%%/%%' THEN split_part(btrim(named), '/', 1) ELSE b.recorded_office END
        AND other.record_id = CASE WHEN named LIKE '%%/%%' THEN split_part(btrim(named), '/', 2) ELSE btrim(named) END
        AND NOT other.closed AND other.person_id <> own.person_id
    CROSS JOIN LATERAL (VALUES (own.recorded_office, own.record_id), (other.recorded_office, other.record_id))
        AS side (office, record)
    WHERE b.result IN ('uncertain', 'duplicate')
    UNION ALL
    SELECT 'death', d.office || '/' || d.document_no || '/' || d.version, NULL, d.outcome, r.recorded_office, r.record_id
    FROM registry_death_question AS d
    JOIN registry_record_current AS r
        ON r.recorded_office = d.recorded_office AND r.record_id = d.record_id AND NOT r.closed
    UNION ALL
    SELECT 'nik', r.nik, NULL, '', r.recorded_office, r.record_id
    FROM registry_record_current AS r
    WHERE 'nik_shared' = ANY (r.warnings) AND r.is_lead
      AND r.nik IN (SELECT n.nik FROM registry_record_current AS n WHERE 'nik_shared' = ANY (n.warnings) AND n.is_lead
                    GROUP BY n.nik HAVING count(*) BETWEEN 2 AND %(many)s)
)
SELECT DISTINCT a.kind, a.of, a.reason, max(a.weight) OVER (PARTITION BY a.kind, a.of) AS weight,
       a.recorded_office, a.record_id, r.version, r.regency, r.is_lead, r.nik, r.name, r.birth_date, r.sex
FROM asked AS a
JOIN registry_record_current AS r ON r.recorded_office = a.recorded_office AND r.record_id = a.record_id;

-- The case's office is where its leading record belongs, else its first one. The pattern says which fields differ between
-- two records: = same, - missing, ~ words in common, s day and month changed
-- places, x different.
DROP TABLE IF EXISTS cases_question;
CREATE TEMP TABLE cases_question ON COMMIT DROP AS
SELECT kind, max(weight) AS weight, max(reason) AS reason,
       (array_agg(regency ORDER BY NOT is_lead, recorded_office, record_id))[1] AS office,
       CASE WHEN count(*) = 2 AND kind <> 'death' THEN cases_pattern(
           array_agg(nik ORDER BY recorded_office, record_id), array_agg(name ORDER BY recorded_office, record_id),
           array_agg(birth_date ORDER BY recorded_office, record_id), array_agg(sex ORDER BY recorded_office, record_id),
           array_agg(regency ORDER BY recorded_office, record_id)) ELSE '' END AS pattern,
       array_agg(recorded_office ORDER BY recorded_office, record_id) AS offices,
       array_agg(record_id ORDER BY recorded_office, record_id) AS records,
       array_agg(version ORDER BY recorded_office, record_id) AS versions,
       CASE WHEN kind = 'death' THEN of ELSE '' END AS document,
       kind || ' ' || encode(sha256(convert_to(
           CASE WHEN kind = 'death' THEN of || ' ' ELSE '' END || string_agg(recorded_office || '/' || record_id || '/' || version, ' ' ORDER BY recorded_office, record_id),
           'UTF8')), 'hex') AS subject
FROM cases_found GROUP BY kind, of;
ANALYZE cases_question;
