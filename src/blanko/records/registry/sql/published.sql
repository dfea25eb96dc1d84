-- Each record as it stands: newest version, person, status. One of a person's records leads: it carries the card.
CREATE VIEW registry_record_current WITH (security_invoker = true) AS
SELECT recorded_office, record_id, person_id, regency, nik, name, birth_date, sex, marital_status, status, status_since,
       issued_on, recorded_on, died_on, is_lead, cluster_size,
       CASE WHEN nik_confirmed
            THEN array_remove(array_remove(warnings, 'nik_contradicts_birth_date'), 'nik_contradicts_sex')
            ELSE warnings END
       || CASE WHEN nik_shared THEN ARRAY['nik_shared'] ELSE '{}' END
       || CASE WHEN status_conflict THEN ARRAY['status_conflict'] ELSE '{}' END AS warnings,
       version, event_id, status_seq, closed, withdrawn
FROM registry_record;

-- Every id that a person had before, and the one that holds now: an id goes wherever the record goes that bore it first.
CREATE VIEW registry_person_resolved WITH (security_invoker = true) AS
SELECT founded AS person_id, person_id AS survivor FROM registry_record WHERE founded <> person_id;

-- The last word on each pair of records, while both are as they were judged.
CREATE VIEW registry_pair_verdict_standing WITH (security_invoker = true) AS
SELECT v.left_office, v.left_id, v.left_version, v.right_office, v.right_id, v.right_version, v.seq, v.verdict, v.cause,
       v.reason, v.event_id
FROM registry_pair_verdict AS v
JOIN registry_record AS l ON l.recorded_office = v.left_office AND l.record_id = v.left_id AND l.version = v.left_version
JOIN registry_record AS r ON r.recorded_office = v.right_office AND r.record_id = v.right_id AND r.version = v.right_version
WHERE v.verdict <> 'withdrawn'
  AND NOT EXISTS (
      SELECT FROM registry_pair_verdict AS later
      WHERE later.left_office = v.left_office AND later.left_id = v.left_id AND later.right_office = v.right_office
        AND later.right_id = v.right_id AND later.seq > v.seq);

-- Records in quarantine: closed in favour of another of the same person's, with the status that they had.
CREATE VIEW registry_record_closed WITH (security_invoker = true) AS
SELECT c.recorded_office, c.record_id, c.kept_office, c.kept_id, c.status, c.status_since, c.cause, c.reason, c.event_id
FROM (SELECT DISTINCT ON (recorded_office, record_id) * FROM registry_record_closing
      ORDER BY recorded_office, record_id, seq DESC) AS c
WHERE c.closed;

-- Pairs of records that linkage found, as they stand: merged, or to be judged by a person.
CREATE VIEW registry_pair_found WITH (security_invoker = true) AS
SELECT left_office, left_id, right_office, right_id, weight, pattern, decided, reason FROM registry_match;

-- The last word of the engine of fingerprints and irises about each record.
CREATE VIEW registry_biometric_last WITH (security_invoker = true) AS
SELECT DISTINCT ON (recorded_office, record_id)
       recorded_office, record_id, result, candidate_ids, score, engine, decided_at, outcome
FROM registry_biometric
ORDER BY recorded_office, record_id, decided_at::timestamptz DESC, version DESC;

-- Pairs that weigh nothing or more for one person and that nobody has settled: the card of the later record waits.
CREATE VIEW registry_pair_open WITH (security_invoker = true) AS
SELECT m.left_office, m.left_id, m.right_office, m.right_id, m.weight, later.office AS later_office, later.id AS later_id
FROM registry_match AS m
JOIN registry_record AS l ON l.recorded_office = m.left_office AND l.record_id = m.left_id AND NOT l.closed
JOIN registry_record AS r ON r.recorded_office = m.right_office AND r.record_id = m.right_id AND NOT r.closed
CROSS JOIN LATERAL (
    SELECT CASE WHEN l.recorded_on > r.recorded_on OR l.recorded_on IS NULL AND r.recorded_on IS NOT NULL
                THEN m.left_office ELSE m.right_office END AS office,
           CASE WHEN l.recorded_on > r.recorded_on OR l.recorded_on IS NULL AND r.recorded_on IS NOT NULL
                THEN m.left_id ELSE m.right_id END AS id
) AS later
WHERE m.decided = 'review' AND m.weight >= 0 AND l.person_id <> r.person_id
  AND NOT EXISTS (SELECT FROM registry_pair_verdict_standing AS v
                  WHERE v.left_office = m.left_office AND v.left_id = m.left_id
                    AND v.right_office = m.right_office AND v.right_id = m.right_id);

-- Who is dead by the last report about each person.
CREATE VIEW registry_death_standing WITH (security_invoker = true) AS
SELECT r.person_id, min(d.died_on) AS died_on
FROM (SELECT DISTINCT ON (person_id, recorded_office, record_id) * FROM registry_death
      ORDER BY person_id, recorded_office, record_id, seq DESC) AS d
JOIN registry_record AS r ON r.recorded_office = d.recorded_office AND r.record_id = d.record_id
WHERE d.stands
GROUP BY r.person_id;

-- By which report each dead person is dead: the last one that stands, with the event that told this system.
CREATE VIEW registry_death_noticed WITH (security_invoker = true) AS
SELECT DISTINCT ON (r.person_id) r.person_id, d.document_no, d.event_id, d.source, d.office, d.died_on,
       EXISTS (SELECT FROM intake_death_latest AS p WHERE d.source = 'file' AND p.office = d.office
               AND p.document_no = d.document_no AND p.record_id = d.record_id) AS by_record
FROM (SELECT DISTINCT ON (person_id, recorded_office, record_id) * FROM registry_death
      ORDER BY person_id, recorded_office, record_id, seq DESC) AS d
JOIN registry_record AS r ON r.recorded_office = d.recorded_office AND r.record_id = d.record_id
WHERE d.stands
ORDER BY r.person_id, d.event_id DESC;

-- Papers about a death that name their person and leave open who it is: one row for each record that it may be.
CREATE VIEW registry_death_question WITH (security_invoker = true) AS
SELECT m.office, m.document_no, m.version, m.outcome, m.weight,
       split_part(named, '/', 1) AS recorded_office, substr(named, strpos(named, '/') + 1) AS record_id
FROM registry_death_match AS m
JOIN intake_death_latest AS d ON d.office = m.office AND d.document_no = m.document_no AND d.version = m.version
CROSS JOIN LATERAL unnest(m.records) AS named
WHERE m.outcome IN ('uncertain', 'somebody_else')
  AND NOT EXISTS (
      SELECT FROM (SELECT a.stands FROM registry_death_answer AS a
                   WHERE a.office = m.office AND a.document_no = m.document_no AND a.version = m.version
                   ORDER BY a.seq DESC LIMIT 1) AS last
      WHERE last.stands);

-- What a paper about a death says of its person, in its newest version, and what was made of it.
CREATE VIEW registry_death_paper WITH (security_invoker = true) AS
SELECT d.office, d.document_no, d.version, d.nik, d.name, d.birth_place, d.birth_date, d.sex, d.mother_name, d.address,
       d.village_code, d.died_on, d.reported_on, m.outcome, m.person_id, m.weight
FROM intake_death_latest AS d
LEFT JOIN registry_death_match AS m ON m.office = d.office AND m.document_no = d.document_no AND m.version = d.version;

-- Regencies whose registrations are loaded whole, one row for each person's registration.
CREATE VIEW registry_whole_regency WITH (security_invoker = true) AS
SELECT regency, as_of, by, reason, event_id
FROM (SELECT DISTINCT ON (regency) * FROM registry_coverage ORDER BY regency, seq DESC) AS last
WHERE whole;

-- Adds links to chains of statuses under an event of the caller, who sealed them, and chooses again which record carries
-- the card where a person has several. For work that is done card by card: no staging tables.
CREATE FUNCTION registry_take_steps(steps jsonb, of_event bigint) RETURNS void
    LANGUAGE plpgsql SET search_path = public, pg_temp
    -- Records are looked up by their keys, whatever a planner thinks of a table that was small when the session began.
    SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
    several bigint[];
BEGIN
    INSERT INTO registry_status (recorded_office, record_id, seq, from_status, to_status, since, kind, reason, event_id)
    SELECT recorded_office, record_id, seq, from_status, to_status, since, kind, reason, of_event
    FROM jsonb_to_recordset(steps) AS s (recorded_office text, record_id text, seq int, from_status text, to_status text,
                                         since date, kind text, reason text)
    ORDER BY recorded_office, record_id, seq;
    WITH changed AS (
        UPDATE registry_record AS r
        SET status = s.to_status, status_since = s.since, status_seq = s.seq, event_id = of_event,
            issued_on = CASE WHEN s.to_status = 'CARD_ISSUED' THEN s.since ELSE r.issued_on END
        FROM (SELECT DISTINCT ON (recorded_office, record_id) *
              FROM jsonb_to_recordset(steps) AS j (recorded_office text, record_id text, seq int, to_status text, since date)
              ORDER BY recorded_office, record_id, seq DESC) AS s
        WHERE r.recorded_office = s.recorded_office AND r.record_id = s.record_id
        RETURNING r.person_id, r.cluster_size
    )
    SELECT array_agg(DISTINCT person_id) FILTER (WHERE cluster_size > 1) INTO several FROM changed;
    IF several IS NULL THEN
        RETURN;
    END IF;
    -- The rule is rules.lead_of. First the one that steps down: the database never sees two leads.
    FOR turn IN 0..1 LOOP
        UPDATE registry_record AS r SET is_lead = k.leads, event_id = of_event
        FROM (SELECT h.recorded_office, h.record_id,
                     row_number() OVER (PARTITION BY h.person_id ORDER BY h.closed, n.lead_rank, h.status_since, h.recorded_on,
                                        h.recorded_office, h.record_id) = 1 AND NOT h.closed AS leads
              FROM registry_record AS h JOIN registry_status_name AS n ON n.status = h.status
              WHERE h.person_id = ANY (several)) AS k
        WHERE k.recorded_office = r.recorded_office AND k.record_id = r.record_id
          AND r.is_lead <> k.leads AND k.leads = (turn = 1);
    END LOOP;
END
$$;

-- A higher room names its function (persons bigint[], event bigint) once, in its schema.
CREATE FUNCTION registry_follow(of_function text) RETURNS void
    LANGUAGE sql SET search_path = public, pg_temp AS $$
    INSERT INTO registry_follower (function) VALUES (of_function)
$$;
REVOKE EXECUTE ON FUNCTION registry_follow(text) FROM PUBLIC;

-- Tells every room that asked, in the order of the rooms, whose records changed hands or were closed: present and former
-- ids. The records say who holds them now.
CREATE FUNCTION registry_tell_followers(persons bigint[], of_event bigint) RETURNS void
    LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    follower text;
BEGIN
    FOR follower IN SELECT function FROM registry_follower ORDER BY id LOOP
        EXECUTE format('SELECT %I($1, $2)', follower) USING persons, of_event;
    END LOOP;
END
$$;

-- Two records that may be one person's, with the bits that speak for it; the left one's key is the smaller.
CREATE VIEW registry_match_list WITH (security_invoker = true) AS
SELECT left_office, left_id, right_office, right_id, weight, pattern, decided, reason, model, event_id FROM registry_match;

-- Records without keys: captured, not yet compared with others.
CREATE VIEW registry_unkeyed_list WITH (security_invoker = true) AS
SELECT recorded_office, record_id, since FROM registry_unkeyed;

-- Another model makes other keys: all records wait for theirs again. TRUNCATE is its owner's.
CREATE FUNCTION registry_forget_keys(at timestamptz, of_event bigint) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    waiting bigint;
BEGIN
    TRUNCATE registry_key, registry_keyed, registry_unkeyed, registry_unlinked, registry_dropped_key, registry_match;
    INSERT INTO registry_unkeyed (recorded_office, record_id, since, event_id)
    SELECT recorded_office, record_id, at, of_event FROM registry_record WHERE NOT withdrawn
    ORDER BY recorded_office, record_id;
    GET DIAGNOSTICS waiting = ROW_COUNT;
    RETURN waiting;
END
$$;

-- Stores a registration that nobody knew as a new person's record, under an event of the caller, who sealed its facts.
-- Without packed fields it waits for its keys. For captures at the counter: no staging tables.
CREATE FUNCTION registry_capture(captured jsonb, of_rec bigint, of_keys bigint[], of_packed bytea, of_model int, at timestamptz,
                                 of_event bigint) RETURNS void
    LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    c record;
    rivals boolean;
BEGIN
    SELECT * INTO c FROM jsonb_to_record(captured) AS j (recorded_office text, record_id text, person_id bigint, regency text,
        nik text, name text, birth_date date, sex text, marital_status text, recorded_on date, status text, since date,
        warnings text[]);
    INSERT INTO registry_record_link (recorded_office, record_id, seq, person_id, cause, event_id)
    VALUES (c.recorded_office, c.record_id, 1, c.person_id, 'first_seen', of_event);
    INSERT INTO registry_status
        (recorded_office, record_id, seq, from_status, to_status, since, kind, reason, event_id)
    VALUES (c.recorded_office, c.record_id, 1, 'UNREGISTERED', c.status, c.since, 'first', 'captured at the counter', of_event);
    rivals := c.nik IS NOT NULL AND EXISTS (SELECT FROM registry_record AS r WHERE r.nik = c.nik AND NOT r.withdrawn);
    INSERT INTO registry_record (recorded_office, record_id, person_id, link_seq, version, regency, nik, name, birth_date, sex,
        marital_status, recorded_on, status, status_since, status_seq, issued_on, warnings, status_conflict, nik_shared,
        nik_confirmed, died_on, is_lead, cluster_size, founded, closed, event_id)
    VALUES (c.recorded_office, c.record_id, c.person_id, 1, 1, c.regency, c.nik, c.name, c.birth_date, c.sex, c.marital_status,
        c.recorded_on, c.status, c.since, 1, NULL, coalesce(c.warnings, '{}'), false, rivals, false, NULL, true, 1, c.person_id,
        false, of_event);
    IF rivals THEN
        UPDATE registry_record AS r SET nik_shared = true, event_id = of_event WHERE r.nik = c.nik AND NOT r.nik_shared;
    END IF;
    IF of_packed IS NULL THEN
        INSERT INTO registry_unkeyed (recorded_office, record_id, since, event_id)
        VALUES (c.recorded_office, c.record_id, at, of_event);
    ELSE
        INSERT INTO registry_keyed (recorded_office, record_id, rec, version, model, packed, event_id)
        VALUES (c.recorded_office, c.record_id, of_rec, 1, of_model, of_packed, of_event);
        INSERT INTO registry_key (key, rec) SELECT key, of_rec FROM unnest(of_keys) AS k (key);
    END IF;
END
$$;

-- Lets captures that share a key, or are of one record, follow each other; alone: while nobody else takes records in (the
-- lock of operations.TAKE_IN_LOCK). First that one, then the keys in their order: nobody waits in a circle.
CREATE FUNCTION registry_lock_capture(alone boolean, keys bigint[], record text) RETURNS void
    LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    one bigint;
BEGIN
    IF alone THEN
        PERFORM pg_advisory_xact_lock(32017);
    ELSE
        PERFORM pg_advisory_xact_lock_shared(32017);
    END IF;
    FOR one IN SELECT DISTINCT k.key FROM unnest(keys || hashtextextended(record, 0)) AS k (key) ORDER BY k.key LOOP
        PERFORM pg_advisory_xact_lock(one);
    END LOOP;
END
$$;
