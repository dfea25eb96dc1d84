SELECT audit_guard(t) FROM unnest(ARRAY['issuance_card', 'issuance_job', 'issuance_job_end', 'issuance_step', 'issuance_queue_rule',
    'issuance_deadline', 'issuance_office_setting', 'issuance_card_given_back']::regclass[]) AS t;
ALTER TABLE issuance_step ADD FOREIGN KEY (serial) REFERENCES issuance_card;
ALTER TABLE issuance_job_end ADD FOREIGN KEY (job) REFERENCES issuance_job;

-- The table FOLLOWS of rules.py; a test shows that they are equal.
ALTER TABLE issuance_step ADD CONSTRAINT issuance_step_follows CHECK ((before, step) IN (
    ('', 'printed'),
    ('printed', 'shipped'), ('printed', 'spoiled'), ('printed', 'lost'), ('printed', 'issued'),
    ('shipped', 'arrived'), ('shipped', 'lost'),
    ('arrived', 'shipped'), ('arrived', 'spoiled'), ('arrived', 'lost'), ('arrived', 'issued')));

-- Whose a card is today: its record says so.
CREATE FUNCTION issuance_person_of(of_serial text, of_job text) RETURNS bigint
    LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
    SELECT r.person_id
    FROM (SELECT recorded_office, record_id FROM issuance_card WHERE serial = of_serial
          UNION ALL
          SELECT recorded_office, record_id FROM issuance_job WHERE job = of_job AND serial = of_serial LIMIT 1) AS c
    JOIN registry_record_current AS r ON r.recorded_office = c.recorded_office AND r.record_id = c.record_id
$$;

-- Which of each person's cards counts: that of the leading record, then one that is in a hand, then the oldest.
CREATE FUNCTION issuance_recount(persons bigint[], of_event bigint) RETURNS void
    LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    -- First those that count no more: the database never sees two.
    FOR turn IN 0..1 LOOP
        UPDATE issuance_active_card AS a SET counts = k.counts, event_id = of_event
        FROM (SELECT h.serial, row_number() OVER (
                  PARTITION BY h.person_id
                  ORDER BY NOT coalesce(r.is_lead, false), coalesce(r.closed, false),
                           array_position(ARRAY['issued', 'printed', 'on_the_way', 'in_printer'], h.state), h.since, h.serial
              ) = 1 AS counts
              FROM issuance_active_card AS h
              LEFT JOIN issuance_card AS c ON c.serial = h.serial
              LEFT JOIN issuance_job AS j ON j.job = h.job AND j.serial = h.serial
              LEFT JOIN registry_record_current AS r
                  ON r.recorded_office = coalesce(c.recorded_office, j.recorded_office)
                  AND r.record_id = coalesce(c.record_id, j.record_id)
              WHERE h.person_id = ANY (persons)) AS k
        WHERE k.serial = a.serial AND a.counts <> k.counts AND k.counts = (turn = 1);
    END LOOP;
END
$$;

-- The registry tells whose records changed hands: their cards go with them.
CREATE FUNCTION issuance_follow_persons(persons bigint[], of_event bigint) RETURNS void
    LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    moved bigint[];
BEGIN
    WITH held AS (
        SELECT a.serial, issuance_person_of(a.serial, a.job) AS person_id
        FROM issuance_active_card AS a WHERE a.person_id = ANY (persons)
    ), gone AS (
        UPDATE issuance_active_card AS a SET person_id = h.person_id, counts = false, event_id = of_event
        FROM held AS h WHERE h.serial = a.serial AND h.person_id <> a.person_id
        RETURNING a.person_id
    )
    SELECT array_agg(DISTINCT person_id) INTO moved FROM gone;
    PERFORM issuance_recount(persons || coalesce(moved, '{}'), of_event);
END
$$;
SELECT registry_follow('issuance_follow_persons');

-- A person's next blank is taken only when the one before is accounted for: handed over, spoiled, lost, or out of a
-- failed job. Whoever writes this table by whatever way meets this.
CREATE FUNCTION issuance_check_accounted() RETURNS trigger
    LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.state = 'issued' AND OLD.state <> 'issued' AND NEW.serial = OLD.serial AND NOT NEW.counts THEN
        RAISE EXCEPTION 'the card on % is withheld: its holder has another', OLD.serial
            USING ERRCODE = 'BL704', HINT = 'settle the case of these records first';
    END IF;
    -- A card goes with its record when persons are merged or split.
    IF OLD.state = 'issued' OR TG_OP = 'UPDATE' AND NEW.serial = OLD.serial
        AND (NEW.person_id = OLD.person_id OR NEW.person_id = issuance_person_of(OLD.serial, OLD.job))
        OR EXISTS (SELECT FROM issuance_step WHERE serial = OLD.serial AND step IN ('spoiled', 'lost'))
        OR OLD.state = 'in_printer' AND EXISTS (SELECT FROM issuance_job_end WHERE job = OLD.job AND outcome = 'failed')
    THEN
        RETURN CASE TG_OP WHEN 'UPDATE' THEN NEW ELSE OLD END;
    END IF;
    RAISE EXCEPTION 'blank % is not accounted for', OLD.serial
        USING ERRCODE = 'BL701', HINT = 'hand the card over, or say that it is spoiled or lost';
END
$$;
CREATE TRIGGER issuance_active_accounted BEFORE UPDATE OR DELETE ON issuance_active_card
    FOR EACH ROW EXECUTE FUNCTION issuance_check_accounted();

-- Writes one operation: its event, its facts, the cards that count, the records' statuses, and what its blanks become in
-- custody, and the claims that follow. One round trip, whether for one card or for thousands. Answers with the event and
-- with what the claims of ``persons`` now rest on: those whose claim cannot be told before, since several records vie. ``takes`` are cards that begin to count (their person held none, or one that was handed over),
-- ``changes`` alter the state of one that counts, ``frees`` ends one.
CREATE FUNCTION issuance_keep(
    cards jsonb, jobs jsonb, job_ends jsonb, steps jsonb, given_back jsonb, takes jsonb, changes jsonb, frees text[],
    statuses jsonb, blanks jsonb, claims jsonb, gone bigint[], persons bigint[],
    operation text, by_officer text, at timestamptz, row_count bigint, root bytea, reason text, subject jsonb
) RETURNS jsonb LANGUAGE plpgsql SET search_path = public, pg_temp
    -- Cards and persons are looked up by their keys, here and in what it calls.
    SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
    event bigint := audit_record(operation, by_officer, at, row_count, root, reason, subject);
    of_event jsonb := jsonb_build_object('event_id', event);
    taken int;
    open_card text;
    left_over bigint[];
    change record;
BEGIN
    FOR change IN SELECT * FROM jsonb_to_recordset(blanks) AS m (movements jsonb, movement text[], series text[], box_no int[],
        first int[], last int[], operation text, row_count bigint, root text, reason text, subject jsonb)
    LOOP
        PERFORM custody_change(change.movements, change.movement, change.series, change.box_no, change.first, change.last,
            change.operation, by_officer, at, change.row_count, decode(change.root, 'hex'), change.reason, change.subject);
    END LOOP;
    IF jobs <> '[]' THEN
        INSERT INTO issuance_job SELECT r.* FROM jsonb_array_elements(jobs) AS j
        CROSS JOIN LATERAL jsonb_populate_record(NULL::issuance_job, j || of_event) AS r;
    END IF;
    IF job_ends <> '[]' THEN
        INSERT INTO issuance_job_end SELECT r.* FROM jsonb_array_elements(job_ends) AS j
        CROSS JOIN LATERAL jsonb_populate_record(NULL::issuance_job_end, j || of_event) AS r;
    END IF;
    IF cards <> '[]' THEN
        INSERT INTO issuance_card SELECT r.* FROM jsonb_array_elements(cards) AS j
        CROSS JOIN LATERAL jsonb_populate_record(NULL::issuance_card, j || of_event) AS r;
    END IF;
    IF steps <> '[]' THEN
        INSERT INTO issuance_step (serial, seq, before, step, office, at, by, reason, movement, handed_to, checked, receiver,
                                   relation, document, event_id)
        SELECT serial, seq, before, step, office, s.at, by, s.reason, movement, handed_to, checked, receiver, relation,
               document, event
        FROM jsonb_to_recordset(steps) AS s (serial text, seq int, before text, step text, office text, at timestamptz,
            by text, reason text, movement text, handed_to text, checked text, receiver text, relation text, document text);
    END IF;
    IF given_back <> '[]' THEN
        INSERT INTO issuance_card_given_back SELECT r.* FROM jsonb_array_elements(given_back) AS j
        CROSS JOIN LATERAL jsonb_populate_record(NULL::issuance_card_given_back, j || of_event) AS r;
    END IF;
    IF frees <> '{}' THEN
        -- Where another card was withheld, that one counts now.
        WITH freed AS (DELETE FROM issuance_active_card WHERE serial = ANY (frees) RETURNING person_id)
        SELECT array_agg(f.person_id) INTO left_over FROM freed AS f;
        IF EXISTS (SELECT FROM issuance_active_card WHERE NOT counts AND person_id = ANY (left_over)) THEN
            PERFORM issuance_recount(left_over, event);
        END IF;
    END IF;
    IF takes <> '[]' THEN
        INSERT INTO issuance_active_card AS a (person_id, serial, counts, state, office, since, replaces, job, event_id)
        SELECT person_id, serial, true, state, office, since, replaces, job, event
        FROM jsonb_to_recordset(takes) AS t (person_id bigint, serial text, state text, office text, since timestamptz,
                                             replaces text, job text)
        ORDER BY person_id
        ON CONFLICT (person_id) WHERE counts DO UPDATE
        SET serial = excluded.serial, state = excluded.state, office = excluded.office, since = excluded.since,
            replaces = excluded.replaces, job = excluded.job, event_id = excluded.event_id
        WHERE a.state = 'issued';
        GET DIAGNOSTICS taken = ROW_COUNT;
        IF taken < jsonb_array_length(takes) THEN
            SELECT min(a.serial) INTO open_card FROM issuance_active_card AS a
            JOIN jsonb_to_recordset(takes) AS t (person_id bigint, serial text) USING (person_id)
            WHERE a.serial <> t.serial AND a.counts;
            RAISE EXCEPTION 'the card on % waits for its holder', open_card
                USING ERRCODE = 'BL702', HINT = 'hand it over, or spoil it first';
        END IF;
    END IF;
    IF changes <> '[]' THEN
        UPDATE issuance_active_card AS a
        SET serial = coalesce(c.new_serial, a.serial), state = c.state, office = coalesce(c.office, a.office),
            since = coalesce(c.since, a.since), replaces = coalesce(c.replaces, a.replaces), event_id = event
        FROM jsonb_to_recordset(changes) AS c (serial text, new_serial text, state text, office text, since timestamptz,
                                               replaces text)
        WHERE a.serial = c.serial;
    END IF;
    IF statuses <> '[]' THEN
        PERFORM registry_take_steps(statuses, event);
    END IF;
    IF claims <> '[]' OR gone <> '{}' THEN
        PERFORM entitlement_keep(claims, gone, event);
    END IF;
    RETURN jsonb_build_object(
        'event', event, 'claims', CASE WHEN persons <> '{}' THEN entitlement_gather(persons) END);
END
$$;
