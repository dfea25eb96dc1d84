-- rules.decide for all of entitlement_lead at once. Who is owed nothing gets no row.
-- The tables of rules.py stand in entitlement_stage and entitlement_warning and come as parameters.
DROP TABLE IF EXISTS entitlement_asked;
CREATE TEMP TABLE entitlement_asked ON COMMIT DROP AS
SELECT a.person_id,
       min(coalesce(a.event_date, a.applied_on)) FILTER (WHERE a.cause = 'marriage') AS married_on,
       max(a.applied_on) FILTER (WHERE a.cause = ANY (%(lost)s)) AS lost_on,
       (array_agg(a.cause ORDER BY a.applied_on DESC, a.cause) FILTER (WHERE a.cause = ANY (%(lost)s)))[1] AS lost_cause,
       min(a.applied_on) FILTER (WHERE a.cause <> ALL (%(first)s) AND a.applied_on > l.held_since) AS again_on,
       (array_agg(a.cause ORDER BY a.applied_on, a.cause)
           FILTER (WHERE a.cause <> ALL (%(first)s) AND a.applied_on > l.held_since))[1] AS again_cause
FROM entitlement_applied AS a
JOIN (SELECT h.person_id, CASE WHEN s.stage = 'settled' THEN h.status_since ELSE h.issued_on END AS held_since
      FROM entitlement_lead AS h JOIN entitlement_stage AS s ON s.status = h.status) AS l ON l.person_id = a.person_id
WHERE a.applied_on <= %(as_of)s
GROUP BY a.person_id;
ANALYZE entitlement_asked;

DROP TABLE IF EXISTS entitlement_decided;
CREATE TEMP TABLE entitlement_decided ON COMMIT DROP AS
WITH begun AS (
    SELECT l.*, a.lost_on, a.lost_cause, a.again_on, a.again_cause, s.stage AS status_stage, s.block AS status_block,
           (l.birth_date + interval '17 years')::date AS birthday_17,
           coalesce(least((l.birth_date + interval '17 years')::date,
                          CASE WHEN l.marital_status = ANY (%(ever_married)s) THEN l.recorded_on END, a.married_on),
                    l.recorded_on) AS obliged_from
    FROM entitlement_lead AS l
    JOIN entitlement_stage AS s ON s.status = l.status
    LEFT JOIN entitlement_asked AS a ON a.person_id = l.person_id
    WHERE s.stage <> 'settled' OR a.again_on IS NOT NULL
), framed AS (
    SELECT b.*,
           CASE WHEN b.status_stage = 'settled' THEN 'print_ready' ELSE b.status_stage END AS first_stage,
           coalesce(b.again_on, b.obliged_from) AS owed_from,
           CASE WHEN b.again_on IS NOT NULL THEN b.again_cause
                WHEN b.lost_on IS NOT NULL THEN b.lost_cause
                WHEN b.obliged_from <= b.recorded_on THEN 'first_card'
                WHEN b.obliged_from = b.birthday_17 THEN 'turned_17'
                ELSE 'marriage' END AS cause,
           coalesce(b.again_on, b.lost_on, greatest(b.obliged_from, b.recorded_on)) AS since,
           CASE WHEN b.status_stage = 'settled' THEN b.again_on
                ELSE greatest(b.status_since, coalesce(b.again_on, b.obliged_from)) END AS ready_since,
           b.died_on IS NOT NULL AND b.died_on <= %(as_of)s AS deceased,
           CASE WHEN b.status_stage = 'printed_uncollected' OR b.warnings = '{}' THEN '{}'
                ELSE ARRAY(SELECT DISTINCT w.block FROM entitlement_warning AS w WHERE w.warning = ANY (b.warnings))
           END AS warning_blocks
    FROM begun AS b
), staged AS (
    SELECT f.*,
           CASE WHEN f.first_stage = 'printed_uncollected' THEN f.first_stage
                WHEN f.owed_from > %(as_of)s THEN 'not_yet_obliged'
                WHEN f.first_stage = 'print_ready' AND 'possible_double' = ANY (f.warning_blocks) THEN 'duplicate_case'
                WHEN f.first_stage = 'print_ready' AND f.warning_blocks <> '{}' THEN 'needs_correction'
                ELSE f.first_stage END AS stage
    FROM framed AS f
), blocked AS (
    SELECT s.*,
           array_remove(ARRAY[s.status_block, CASE WHEN s.stage = 'not_yet_obliged' THEN 'not_yet_obliged' END,
                              CASE WHEN s.deceased THEN 'deceased' END], NULL) || s.warning_blocks AS any_order
    FROM staged AS s
)
SELECT person_id, recorded_office, record_id, regency,
       CASE WHEN deceased THEN 'suspended_deceased' ELSE stage END AS state, stage, cause, since, owed_from,
       CASE WHEN stage = 'print_ready' THEN ready_since END AS print_ready_since,
       CASE WHEN cardinality(any_order) < 2 THEN any_order
            ELSE ARRAY(SELECT b FROM unnest(any_order) AS b ORDER BY b COLLATE "C") END AS blocks,
       deceased
FROM blocked;
ANALYZE entitlement_decided;
