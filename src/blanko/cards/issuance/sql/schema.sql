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

-- A person's next blank is taken only when the one before is accounted for: handed over, spoiled, lost, or out of a
-- failed job. Whoever writes this table by whatever way meets this.
CREATE FUNCTION issuance_check_accounted() RETURNS trigger
    LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF OLD.state = 'issued' OR TG_OP = 'UPDATE' AND NEW.serial = OLD.serial AND NEW.person_id = OLD.person_id
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
) RETURNS jsonb LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    event bigint := audit_record(operation, by_officer, at, row_count, root, reason, subject);
    of_event jsonb := jsonb_build_object('event_id', event);
    taken int;
    open_card text;
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
        DELETE FROM issuance_active_card WHERE serial = ANY (frees);
    END IF;
    IF takes <> '[]' THEN
        INSERT INTO issuance_active_card AS a (person_id, serial, state, office, since, replaces, job, event_id)
        SELECT person_id, serial, state, office, since, replaces, job, event
        FROM jsonb_to_recordset(takes) AS t (person_id bigint, serial text, state text, office text, since timestamptz,
                                             replaces text, job text)
        ORDER BY person_id
        ON CONFLICT (person_id) DO UPDATE
        SET serial = excluded.serial, state = excluded.state, office = excluded.office, since = excluded.since,
            replaces = excluded.replaces, job = excluded.job, event_id = excluded.event_id
        WHERE a.state = 'issued';
        GET DIAGNOSTICS taken = ROW_COUNT;
        IF taken < jsonb_array_length(takes) THEN
            SELECT min(a.serial) INTO open_card FROM issuance_active_card AS a
            JOIN jsonb_to_recordset(takes) AS t (person_id bigint, serial text) USING (person_id)
            WHERE a.serial <> t.serial;
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
