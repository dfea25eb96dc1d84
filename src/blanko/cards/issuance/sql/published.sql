-- A card with what was last done with it, for the SQL of higher rooms. ``ended_by`` is empty while it waits.
CREATE VIEW issuance_card_now AS
SELECT c.serial, c.person_id, c.recorded_office, c.record_id, c.office, c.regency, c.cause, c.turn, c.passed_over,
       c.printed_on, p.at AS printed_at, e.step AS ended_by, e.at AS ended_at, l.step, l.seq, l.office AS at_office,
       l.movement
FROM issuance_card AS c
JOIN issuance_step AS p ON p.serial = c.serial AND p.seq = 1
LEFT JOIN issuance_step AS e ON e.serial = c.serial AND e.step IN ('spoiled', 'lost', 'issued')
JOIN LATERAL (SELECT * FROM issuance_step AS s WHERE s.serial = c.serial ORDER BY seq DESC LIMIT 1) AS l ON true;

-- Cards that wait for their holder, and blanks in a printer, by the office that has them.
CREATE VIEW issuance_waiting WITH (security_invoker = true) AS
SELECT a.serial, a.person_id, a.office, a.office AS regency, a.state, a.since, a.job, a.counts
FROM issuance_active_card AS a WHERE a.state <> 'issued';

-- The cards of persons, each with the record it was printed for: what a case of two records needs to know.
CREATE VIEW issuance_card_of_record WITH (security_invoker = true) AS
SELECT a.serial, a.person_id, a.counts, a.state, a.job, a.office, coalesce(c.recorded_office, j.recorded_office) AS recorded_office,
       coalesce(c.record_id, j.record_id) AS record_id
FROM issuance_active_card AS a
LEFT JOIN issuance_card AS c ON c.serial = a.serial
LEFT JOIN issuance_job AS j ON j.job = a.job AND j.serial = a.serial;

-- How cards were printed, by office and day: in turn, on collection, or before others for a named reason. Public.
CREATE VIEW issuance_turns WITH (security_invoker = true) AS
SELECT office, regency, printed_on, turn, count(*) AS cards, sum(passed_over) AS passed_over
FROM issuance_card GROUP BY office, regency, printed_on, turn;

-- Cards that were given back and wait for their destruction.
CREATE VIEW issuance_old_card WITH (security_invoker = true) AS
SELECT number, serial, kind, reason, person_id, office, regency, replaced_by, by, at AS given_on, event_id
FROM issuance_card_given_back;

-- How an office prints on a day.
CREATE FUNCTION issuance_prints(of_office text, on_day date) RETURNS text
    LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
    SELECT coalesce((SELECT prints FROM issuance_office_setting WHERE office = of_office AND since <= on_day
                     ORDER BY seq DESC LIMIT 1), 'queue')
$$;

-- What the order of the queue is on a day, and by which version.
CREATE FUNCTION issuance_rule_on(on_day date, OUT version int, OUT suket text)
    LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
    SELECT coalesce(max(r.version), 0), coalesce(max(r.suket), 'none')
    FROM (SELECT * FROM issuance_queue_rule WHERE since <= on_day ORDER BY since DESC LIMIT 1) AS r
$$;

-- The next persons of an office's queue, by the version in force: a suket's holder first where it says so, then
-- print-ready since, then record id. (Within one office all stand in one deadline class.)
CREATE FUNCTION issuance_queue(of_office text, on_day date, wanted bigint)
    RETURNS TABLE (person_id bigint, recorded_office text, record_id text, regency text, cause text, since date,
                   print_ready_since date, holds_suket boolean, rule int)
    LANGUAGE plpgsql STABLE SET search_path = public, pg_temp AS $$
DECLARE
    in_force record;
    by_suket boolean;
    left_to_find bigint := wanted;
    found record;
BEGIN
    SELECT r.version, r.suket = 'first' AS by_suket INTO in_force FROM issuance_queue_rule AS r WHERE r.since <= on_day
    ORDER BY r.since DESC LIMIT 1;
    by_suket := coalesce(in_force.by_suket, false);
    rule := coalesce(in_force.version, 0);
    IF by_suket THEN
        FOR found IN
            SELECT c.* FROM entitlement_card_owed AS c
            WHERE c.regency = of_office AND c.state = 'print_ready'
              AND EXISTS (SELECT FROM suket_held AS s WHERE s.person_id = c.person_id)
            ORDER BY c.print_ready_since, c.record_id, c.recorded_office LIMIT wanted
        LOOP
            person_id := found.person_id; recorded_office := found.recorded_office; record_id := found.record_id;
            regency := found.regency; cause := found.cause; since := found.since;
            print_ready_since := found.print_ready_since; holds_suket := true;
            left_to_find := left_to_find - 1;
            RETURN NEXT;
        END LOOP;
    END IF;
    FOR found IN
        SELECT c.* FROM entitlement_card_owed AS c
        WHERE c.regency = of_office AND c.state = 'print_ready' AND left_to_find > 0
        ORDER BY c.print_ready_since, c.record_id, c.recorded_office
        LIMIT CASE WHEN NOT by_suket THEN wanted END
    LOOP
        EXIT WHEN left_to_find <= 0;
        holds_suket := EXISTS (SELECT FROM suket_held AS s WHERE s.person_id = found.person_id);
        CONTINUE WHEN holds_suket AND by_suket;
        person_id := found.person_id; recorded_office := found.recorded_office; record_id := found.record_id;
        regency := found.regency; cause := found.cause; since := found.since;
        print_ready_since := found.print_ready_since;
        left_to_find := left_to_find - 1;
        RETURN NEXT;
    END LOOP;
END
$$;

-- How many of an office's queue stand before a person who is print-ready there.
CREATE FUNCTION issuance_before(of_office text, on_day date, of_person bigint) RETURNS bigint
    LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
    SELECT count(*)
    FROM entitlement_card_owed AS mine
    JOIN entitlement_card_owed AS other ON other.regency = mine.regency AND other.state = 'print_ready'
    CROSS JOIN LATERAL (SELECT r.suket = 'first' AS counts FROM issuance_rule_on(on_day) AS r) AS suket
    CROSS JOIN LATERAL (SELECT suket.counts AND EXISTS (SELECT FROM suket_held AS s WHERE s.person_id = mine.person_id) AS first) AS me
    WHERE mine.person_id = of_person AND mine.regency = of_office
      AND CASE WHEN suket.counts AND me.first <> EXISTS (SELECT FROM suket_held AS s WHERE s.person_id = other.person_id)
               THEN NOT me.first
               ELSE (other.print_ready_since, other.record_id, other.recorded_office)
                    < (mine.print_ready_since, mine.record_id, mine.recorded_office) END
$$;

-- Whom an office prints for next, or one named person, with the record's status as it must be continued and the card that
-- counts; and the blanks for them. Locks records and boxes; two jobs of an office take turns. ``key_used``: a movement of
-- this name is in the journal.
CREATE FUNCTION issuance_next(of_office text, on_day date, wanted bigint, for_person bigint, of_key text, lock_space int)
    RETURNS jsonb LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    prints text;
    person jsonb;
    held record;
    wanted_people jsonb[];
    people jsonb[] := '{}';
    busy jsonb;
    ahead bigint := 0;
BEGIN
    PERFORM pg_advisory_xact_lock(lock_space, hashtext(of_office));
    SELECT s.prints INTO prints FROM issuance_office_setting AS s
    WHERE s.office = of_office AND s.since <= on_day ORDER BY s.seq DESC LIMIT 1;
    prints := coalesce(prints, 'queue');
    IF prints = 'collection' AND for_person IS NULL THEN
        RAISE EXCEPTION 'office % prints when the holder is at the counter', of_office
            USING ERRCODE = 'BL703', HINT = 'name the person, by the NIK';
    END IF;
    IF for_person IS NOT NULL AND prints = 'queue' THEN
        ahead := issuance_before(of_office, on_day, for_person);
    END IF;
    IF for_person IS NULL THEN
        wanted_people := ARRAY(
            SELECT to_jsonb(q) - 'since' - 'holds_suket' FROM issuance_queue(of_office, on_day, wanted) AS q);
    ELSE
        wanted_people := ARRAY(
            SELECT to_jsonb(c) || jsonb_build_object('rule', (SELECT r.version FROM issuance_rule_on(on_day) AS r))
            FROM (SELECT o.person_id, o.recorded_office, o.record_id, o.regency, o.cause, o.print_ready_since
                  FROM entitlement_card_owed AS o
                  WHERE o.person_id = for_person AND o.regency = of_office AND o.state = 'print_ready') AS c);
    END IF;
    FOREACH person IN ARRAY wanted_people LOOP
        SELECT r.status, r.status_seq, a.serial AS active_serial, a.state AS active_state INTO held
        FROM registry_record_current AS r LEFT JOIN issuance_active_card AS a
            ON a.counts AND a.person_id = (person->>'person_id')::bigint
        WHERE r.recorded_office = person->>'recorded_office' AND r.record_id = person->>'record_id' FOR UPDATE OF r;
        people := array_append(people, person || to_jsonb(held)
            || jsonb_build_object('passed_over', ahead, 'prints', prints,
                                  'basis', entitlement_gather(ARRAY[(person->>'person_id')::bigint])));
    END LOOP;
    -- Also of other offices: a blank may have been sent on while its job was open.
    SELECT coalesce(jsonb_agg(a.serial), '[]') INTO busy FROM issuance_active_card AS a WHERE a.state = 'in_printer';
    RETURN jsonb_build_object(
        'people', to_jsonb(people), 'busy', busy,
        'key_used', of_key <> '' AND EXISTS (SELECT FROM custody_change_made AS m WHERE m.movement = of_key),
        'blanks', (SELECT coalesce(jsonb_agg(jsonb_build_array(b.series, b.box_no, b.first, b.last, b.sealed)), '[]')
                   FROM custody_next_blanks(of_office, cardinality(people) + jsonb_array_length(busy)) AS b));
END
$$;

-- Cards with their last step, their record's status and whether their person holds a suket; those that count are locked.
CREATE FUNCTION issuance_hold(of_serials text[])
    RETURNS TABLE (serial text, person_id bigint, recorded_office text, record_id text, cause text, print_ready_since date,
                   last text, seq int, office text, movement text, state text, replaces text, status text, status_seq int,
                   holds_suket boolean, basis jsonb, withheld boolean, closed boolean)
    LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    card issuance_card;
    one text;
BEGIN
    FOREACH one IN ARRAY of_serials LOOP
        -- The active row is the one that changes: whoever locks it first decides the card's next step.
        state := NULL; replaces := NULL; holds_suket := false; withheld := false;
        SELECT a.state, a.replaces, NOT a.counts INTO state, replaces, withheld FROM issuance_active_card AS a
        WHERE a.serial = one FOR UPDATE;
        SELECT * INTO card FROM issuance_card AS c WHERE c.serial = one;
        CONTINUE WHEN card.serial IS NULL;
        serial := card.serial; recorded_office := card.recorded_office; record_id := card.record_id; cause := card.cause;
        print_ready_since := card.print_ready_since;
        SELECT s.step, s.seq, s.office, s.movement INTO last, seq, office, movement FROM issuance_step AS s
        WHERE s.serial = one ORDER BY s.seq DESC LIMIT 1;
        SELECT r.person_id, r.status, r.status_seq, r.closed INTO person_id, status, status_seq, closed
        FROM registry_record_current AS r
        WHERE r.recorded_office = card.recorded_office AND r.record_id = card.record_id FOR UPDATE;
        -- Another of the person's records may show a card that was handed over elsewhere.
        withheld := coalesce(withheld, false) OR closed OR EXISTS (
            SELECT FROM registry_record_current AS other
            WHERE other.person_id = issuance_hold.person_id AND other.status = 'CARD_ISSUED' AND NOT other.closed
              AND (other.recorded_office, other.record_id) <> (card.recorded_office, card.record_id));
        holds_suket := EXISTS (SELECT FROM suket_held AS h WHERE h.person_id = issuance_hold.person_id);
        basis := entitlement_gather(ARRAY[person_id]);
        RETURN NEXT;
    END LOOP;
END
$$;
