SELECT audit_guard_own(t) FROM unnest(ARRAY[
    'custody_movement', 'custody_movement_line', 'custody_movement_phase', 'custody_leg']::regclass[]) AS t;
SELECT audit_guard(t) FROM unnest(ARRAY['custody_discrepancy', 'custody_discrepancy_step', 'custody_manifest',
    'custody_manifest_box']::regclass[]) AS t;
-- Only the functions below write here, as the owner: a row cannot be moved without its journal, its balance and its event.
REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON custody_lawful, custody_movement, custody_movement_line, custody_movement_phase,
    custody_leg, custody_discrepancy, custody_discrepancy_step, custody_manifest, custody_manifest_box, custody_uid_part, custody_box, custody_range, custody_balance FROM blanko_app;

-- The table LAWFUL of rules.py; a test shows that they are equal.
INSERT INTO custody_lawful (kind, condition_before, condition_after, begins) VALUES
    ('receipt', '', 'good', 'posted'),
    ('dispatch', 'good', 'good', 'pending'),
    ('dispatch', 'spoiled', 'spoiled', 'pending'),
    ('dispatch', 'quarantined', 'quarantined', 'pending'),
    ('loan', 'good', 'good', 'pending'),
    ('transfer', 'personalised', 'personalised', 'pending'),
    ('return', 'good', 'good', 'pending'),
    ('return', 'spoiled', 'spoiled', 'pending'),
    ('return', 'quarantined', 'quarantined', 'pending'),
    ('return', 'personalised', 'personalised', 'pending'),
    ('opening', 'good', 'good', 'posted'),
    ('opening', 'quarantined', 'quarantined', 'posted'),
    ('opening', 'missing', 'missing', 'posted'),
    ('quarantine', 'good', 'quarantined', 'posted'),
    ('release', 'quarantined', 'good', 'posted'),
    ('personalisation', 'good', 'personalised', 'posted'),
    ('spoilage', 'good', 'spoiled', 'posted'),
    ('spoilage', 'quarantined', 'spoiled', 'posted'),
    ('spoilage', 'personalised', 'spoiled', 'posted'),
    ('issuance', 'personalised', 'issued', 'posted'),
    ('loss', 'good', 'missing', 'posted'),
    ('loss', 'quarantined', 'missing', 'posted'),
    ('loss', 'spoiled', 'missing', 'posted'),
    ('loss', 'personalised', 'missing', 'posted'),
    ('shortage', 'good', 'missing', 'posted'),
    ('shortage', 'quarantined', 'missing', 'posted'),
    ('shortage', 'spoiled', 'missing', 'posted'),
    ('shortage', 'personalised', 'missing', 'posted'),
    ('finding', 'missing', 'good', 'posted'),
    ('finding', 'missing', 'quarantined', 'posted'),
    ('finding', 'missing', 'spoiled', 'posted'),
    ('finding', 'missing', 'personalised', 'posted'),
    ('correction', 'spoiled', 'good', 'posted'),
    ('destruction', 'spoiled', 'destroyed', 'posted'),
    ('destruction', 'issued', 'destroyed', 'posted');

-- In which phase a lawful movement begins; NULL when it is not lawful. Made from the table, whose rows are the release's: a
-- foreign key to it would make all transactions of a moment lock the same row. And a CHECK that calls a function is read
-- faster at each statement than one that spells it out.
DO $do$
BEGIN
    EXECUTE format($function$
        CREATE FUNCTION custody_begins(kind text, condition_before text, condition_after text) RETURNS text
            LANGUAGE plpgsql IMMUTABLE AS $body$
        BEGIN
            RETURN CASE WHEN kind || ' ' || condition_before || ' ' || condition_after = ANY (%L::text[]) THEN 'posted'
                        WHEN kind || ' ' || condition_before || ' ' || condition_after = ANY (%L::text[]) THEN 'pending' END;
        END
        $body$ $function$,
        (SELECT array_agg(concat_ws(' ', kind, condition_before, condition_after) ORDER BY id)
         FROM custody_lawful WHERE begins = 'posted'),
        (SELECT array_agg(concat_ws(' ', kind, condition_before, condition_after) ORDER BY id)
         FROM custody_lawful WHERE begins = 'pending'));
END
$do$;

-- A movement between offices has two ends; what happens to a blank at an office has one.
CREATE FUNCTION custody_ends_fit(kind text, from_office text, to_office text, lot text, return_of text) RETURNS boolean
    LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    RETURN CASE kind
        WHEN 'receipt' THEN from_office = '' AND to_office <> '' AND lot <> ''
        WHEN 'dispatch' THEN from_office <> '' AND to_office <> '' AND from_office <> to_office
        WHEN 'transfer' THEN from_office <> '' AND to_office <> '' AND from_office <> to_office
        WHEN 'loan' THEN length(from_office) = 4 AND length(to_office) = 4 AND from_office <> to_office
            AND left(from_office, 2) = left(to_office, 2)
        WHEN 'shortage' THEN from_office <> '' AND to_office <> '' AND from_office <> to_office AND return_of <> ''
        WHEN 'correction' THEN from_office <> '' AND from_office = to_office AND return_of <> ''
        WHEN 'return' THEN from_office <> '' AND to_office <> '' AND from_office <> to_office AND return_of <> ''
        ELSE from_office <> '' AND from_office = to_office END;
END
$$;

ALTER TABLE custody_movement
    ADD CONSTRAINT custody_movement_lawful CHECK (custody_begins(kind, condition_before, condition_after) IS NOT NULL),
    ADD CONSTRAINT custody_movement_named CHECK (movement = device || ':' || sequence::text),
    ADD CONSTRAINT custody_movement_by UNIQUE (movement, by),
    ADD CONSTRAINT custody_movement_ends CHECK (custody_ends_fit(kind, from_office, to_office, lot, return_of));
-- The framework's index for LIKE: in the collation C the primary key serves a prefix too.
DROP INDEX custody_movement_movement_30e263f8_like;
ALTER TABLE custody_movement_line ADD FOREIGN KEY (movement) REFERENCES custody_movement;
ALTER TABLE custody_movement_phase ADD FOREIGN KEY (movement, begun_by) REFERENCES custody_movement (movement, by);

ALTER TABLE custody_leg ADD FOREIGN KEY (movement) REFERENCES custody_movement;
ALTER TABLE custody_discrepancy ADD FOREIGN KEY (movement) REFERENCES custody_movement;
ALTER TABLE custody_discrepancy_step
    ADD FOREIGN KEY (movement, number, reported_by) REFERENCES custody_discrepancy (movement, number, by);

ALTER TABLE custody_box ADD FOREIGN KEY (movement) REFERENCES custody_movement;
ALTER TABLE custody_range
    -- A sealed box has no ranges, and a box with ranges cannot become sealed again.
    ADD FOREIGN KEY (series, box_no, box_state) REFERENCES custody_box (series, box_no, state),
    ADD FOREIGN KEY (movement) REFERENCES custody_movement,
    -- No blank is in two places.
    ADD CONSTRAINT custody_range_once EXCLUDE USING gist (
        series WITH =, box_no WITH =, int4range(first, last, '[]') WITH &&);

-- The chips of each lot lie in a part of their own, filled bare and indexed when it is whole. A part knows a number of
-- four bytes instead of its lot's name: there are seven million rows of it in a lot.
ALTER TABLE custody_manifest_box ADD FOREIGN KEY (lot_no) REFERENCES custody_manifest;
CREATE TABLE custody_uid (uid bigint NOT NULL, part int NOT NULL, box_no int NOT NULL, position smallint NOT NULL)
    PARTITION BY LIST (part);
CREATE INDEX custody_uid_by_uid ON custody_uid (uid);
REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON custody_uid FROM blanko_app;

-- The functions of this file are called by those of published.sql alone, which have pinned the search path for them.
CREATE FUNCTION custody_regency(office text) RETURNS text
    LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN length(office) = 4 THEN office ELSE '' END
$$;

-- Says by name why these blanks of a box are not at an office in a condition. The order of the checks is the precedence.
CREATE FUNCTION custody_refuse(of_series text, of_box int, of_first int, of_last int, of_office text, of_condition text)
    RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    box custody_box;
    wrong custody_range;
    named text := format('%s-%s', of_series, lpad(of_box::text, 6, '0'));
BEGIN
    SELECT * INTO box FROM custody_box WHERE series = of_series AND box_no = of_box;
    IF box.series IS NULL OR of_last > box.size THEN
        RAISE EXCEPTION 'there is no % in custody', CASE WHEN box.series IS NULL THEN 'box ' || named
            ELSE format('blank %s-%s', named, lpad(of_last::text, 4, '0')) END
            USING ERRCODE = 'BL504', HINT = 'look the number up on the box';
    END IF;
    SELECT * INTO wrong FROM custody_range
    WHERE series = of_series AND box_no = of_box
      AND int4range(first, last, '[]') && int4range(of_first, of_last, '[]')
      AND (movement IS NOT NULL OR office <> of_office OR condition <> of_condition)
    ORDER BY movement IS NULL, office = of_office, first LIMIT 1;
    IF coalesce(box.movement, wrong.movement) IS NOT NULL THEN
        RAISE EXCEPTION '% is on its way in movement %', named, coalesce(box.movement, wrong.movement)
            USING ERRCODE = 'BL505', HINT = 'settle that movement first';
    END IF;
    IF coalesce(box.office, wrong.office) <> of_office THEN
        RAISE EXCEPTION '% is at office %, not at %', named, coalesce(box.office, wrong.office), of_office
            USING ERRCODE = 'BL506', HINT = 'name boxes and blanks of that office';
    END IF;
    IF box.state = 'whole' AND box.condition <> of_condition THEN
        RAISE EXCEPTION '%: box is %, not %', named, box.condition, of_condition
            USING ERRCODE = 'BL509', HINT = 'name boxes in that condition';
    END IF;
    IF box.state = 'whole' THEN
        RAISE EXCEPTION '% is sealed', named
            USING ERRCODE = 'BL507', HINT = 'open the box first, or name it whole';
    END IF;
    RAISE EXCEPTION '% %-%: blank is %, not %', named, of_first, of_last, coalesce(wrong.condition, 'nowhere'), of_condition
        USING ERRCODE = 'BL509', HINT = 'name blanks in that condition';
END
$$;

-- Takes blanks out of the range that holds them; what is left of it stays. Raises by name when no range holds them.
CREATE FUNCTION custody_take(
    of_series text, of_box int, of_first int, of_last int, of_office text, of_movement text, of_condition text
) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    held custody_range;
BEGIN
    DELETE FROM custody_range
    WHERE series = of_series AND box_no = of_box
      AND int4range(first, last, '[]') @> int4range(of_first, of_last, '[]')
      AND condition = of_condition
      AND office IS NOT DISTINCT FROM of_office AND movement IS NOT DISTINCT FROM of_movement
    RETURNING * INTO held;
    IF held.id IS NULL THEN
        PERFORM custody_refuse(of_series, of_box, of_first, of_last, of_office, of_condition);
    END IF;
    INSERT INTO custody_range (series, box_no, first, last, condition, office, movement, regency, event_id)
    SELECT held.series, held.box_no, part.first, part.last, held.condition, held.office, held.movement, held.regency,
           held.event_id
    FROM (VALUES (held.first, of_first - 1), (of_last + 1, held.last)) AS part (first, last)
    WHERE part.first <= part.last;
    RETURN true;
END
$$;

-- Puts blanks into a place; neighbours in the same place and condition become one range.
CREATE FUNCTION custody_put(
    of_series text, of_box int, of_first int, of_last int, of_office text, of_movement text, of_condition text,
    of_regency text, of_event bigint
) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    low int;
    high int;
BEGIN
    WITH joined AS (
        DELETE FROM custody_range
        WHERE series = of_series AND box_no = of_box
          AND int4range(first, last, '[]') && int4range(of_first - 1, of_last + 1, '[]')
          AND condition = of_condition
          AND office IS NOT DISTINCT FROM of_office AND movement IS NOT DISTINCT FROM of_movement
        RETURNING first, last
    )
    SELECT least(of_first, min(first)), greatest(of_last, max(last)) INTO low, high FROM joined;
    INSERT INTO custody_range (series, box_no, first, last, condition, office, movement, regency, event_id)
    VALUES (of_series, of_box, low, high, of_condition, of_office, of_movement, of_regency, of_event);
    RETURN true;
END
$$;

-- Adds to one running balance. The central warehouse's are kept in sixteen slots, each of which cannot be negative, so
-- that sixteen trucks are loaded at once; which one is taken from first is the caller's hint, and nobody's concern.
CREATE FUNCTION custody_add(
    of_office text, of_series text, of_condition text, delta bigint, hint int, of_event bigint
) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    slots CONSTANT int := CASE of_office WHEN '00' THEN 16 ELSE 1 END;
    part bigint;
    held record;
BEGIN
    IF slots = 1 OR delta > 0 THEN
        FOR number IN 0 .. least(slots, abs(delta)) - 1 LOOP
            part := CASE slots WHEN 1 THEN delta ELSE delta / slots + (number < delta % slots)::int END;
            UPDATE custody_balance AS b SET quantity = b.quantity + part, event_id = of_event
            WHERE b.office = of_office AND b.series = of_series AND b.condition = of_condition AND b.slot = number;
            IF NOT FOUND THEN
                INSERT INTO custody_balance (office, series, condition, slot, quantity, regency, event_id)
                VALUES (of_office, of_series, of_condition, number, 0, custody_regency(of_office), of_event)
                ON CONFLICT DO NOTHING;
                UPDATE custody_balance AS b SET quantity = b.quantity + part, event_id = of_event
                WHERE b.office = of_office AND b.series = of_series AND b.condition = of_condition AND b.slot = number;
            END IF;
        END LOOP;
        RETURN true;
    END IF;
    part := -delta;
    UPDATE custody_balance AS b SET quantity = b.quantity - part, event_id = of_event
    WHERE b.office = of_office AND b.series = of_series AND b.condition = of_condition AND b.slot = (
        SELECT s.slot FROM custody_balance AS s
        WHERE s.office = of_office AND s.series = of_series AND s.condition = of_condition AND s.slot = hint % slots
          AND s.quantity >= part FOR NO KEY UPDATE SKIP LOCKED);
    IF FOUND THEN
        RETURN true;
    END IF;
    -- That one is being taken from, or has too little: any other that is free and has enough.
    UPDATE custody_balance AS b SET quantity = b.quantity - part, event_id = of_event
    WHERE b.office = of_office AND b.series = of_series AND b.condition = of_condition AND b.slot = (
        SELECT s.slot FROM custody_balance AS s
        WHERE s.office = of_office AND s.series = of_series AND s.condition = of_condition AND s.quantity >= part
        LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED);
    IF FOUND THEN
        RETURN true;
    END IF;
    -- None has enough for itself: from all of them, in their order.
    FOR held IN
        SELECT s.slot, s.quantity FROM custody_balance AS s
        WHERE s.office = of_office AND s.series = of_series AND s.condition = of_condition
        ORDER BY s.slot FOR NO KEY UPDATE
    LOOP
        UPDATE custody_balance AS b SET quantity = b.quantity - least(held.quantity, part), event_id = of_event
        WHERE b.office = of_office AND b.series = of_series AND b.condition = of_condition AND b.slot = held.slot;
        part := part - least(held.quantity, part);
        EXIT WHEN part = 0;
    END LOOP;
    IF part > 0 THEN
        -- There is less than that: the constraint says so.
        INSERT INTO custody_balance (office, series, condition, slot, quantity, regency, event_id)
        VALUES (of_office, of_series, of_condition, -1, -part, custody_regency(of_office), of_event);
    END IF;
    RETURN true;
END
$$;

-- Blanks of one series go from one office and condition to another. Leaf offices are locked first and the central row
-- last, so that it is locked shortest.
CREATE FUNCTION custody_carry(
    of_series text, quantity bigint, from_office text, condition_before text, to_office text, condition_after text,
    hint int, of_event bigint
) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    IF from_office = to_office AND condition_before = condition_after THEN
        RETURN true;
    END IF;
    IF (from_office = '00', from_office, condition_before) < (to_office = '00', to_office, condition_after) THEN
        RETURN custody_add(from_office, of_series, condition_before, -quantity, hint, of_event)
            AND custody_add(to_office, of_series, condition_after, quantity, hint, of_event);
    END IF;
    RETURN custody_add(to_office, of_series, condition_after, quantity, hint, of_event)
        AND custody_add(from_office, of_series, condition_before, -quantity, hint, of_event);
END
$$;

-- Adds many to running balances, row by row in the same order. A loop of index look-ups, here and below, has the same
-- cost at every size of the tables; a join of a parameter with a table is planned once a session, for whatever size the
-- table had then.
CREATE FUNCTION custody_post(offices text[], serieses text[], conditions text[], deltas bigint[], of_event bigint)
    RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    item record;
BEGIN
    FOR item IN
        SELECT d.office, d.series, d.condition, sum(d.delta) AS delta
        FROM unnest(offices, serieses, conditions, deltas) AS d (office, series, condition, delta)
        WHERE d.office <> '' GROUP BY d.office, d.series, d.condition HAVING sum(d.delta) <> 0
        ORDER BY d.office = '00', d.office, d.series, d.condition
    LOOP
        PERFORM custody_add(item.office, item.series, item.condition, item.delta::bigint, 0, of_event);
    END LOOP;
END
$$;

-- True when exactly these movements are in the journal already: the message came twice. Raises KeyReused otherwise.
CREATE FUNCTION custody_seen(movements jsonb) RETURNS boolean
    LANGUAGE plpgsql AS $$
DECLARE
    named text;
    known text;
    seen int := 0;
    other text;
BEGIN
    FOR i IN 0 .. jsonb_array_length(movements) - 1 LOOP
        named := movements->i->>'movement';
        SELECT m.digest INTO known FROM custody_movement AS m WHERE m.movement = named;
        IF FOUND THEN
            seen := seen + 1;
            IF known <> movements->i->>'digest' THEN
                other := least(other, named);
            END IF;
        END IF;
    END LOOP;
    IF other IS NOT NULL OR (seen > 0 AND seen < jsonb_array_length(movements)) THEN
        RAISE EXCEPTION 'key % was used for another movement', coalesce(other, 'of this call')
            USING ERRCODE = 'BL501', HINT = 'give each movement a sequence number of its own';
    END IF;
    RETURN seen > 0;
END
$$;

-- Adds movements, their lines and first phases to the journal.
CREATE FUNCTION custody_journal(
    movements jsonb, l_movement text[], l_series text[], l_box int[], l_first int[], l_last int[], why text, of_event bigint
) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    m custody_movement;
BEGIN
    FOR i IN 0 .. jsonb_array_length(movements) - 1 LOOP
        m := jsonb_populate_record(NULL::custody_movement, movements->i);
        INSERT INTO custody_movement (movement, device, sequence, kind, condition_before, condition_after, from_office,
                                      to_office, regency, quantity, lot, return_of, papers, digest, by, at, event_id)
        VALUES (m.movement, m.device, m.sequence, m.kind, m.condition_before, m.condition_after, m.from_office, m.to_office,
                custody_regency(m.to_office), m.quantity, m.lot, m.return_of, m.papers, m.digest, m."by", m.at, of_event);
        IF btrim(why) = '' AND m.kind = ANY (
            '{quarantine,release,spoilage,loss,shortage,finding,correction,return}'::text[])
        THEN
            RAISE EXCEPTION 'this needs a reason' USING ERRCODE = 'BL514', HINT = 'say what happened';
        END IF;
        INSERT INTO custody_movement_phase (movement, phase, by, begun_by, is_begin, reason, papers, at, event_id)
        VALUES (m.movement, custody_begins(m.kind, m.condition_before, m.condition_after), m."by", m."by", true, why, '{}', m.at,
                of_event);
    END LOOP;
    INSERT INTO custody_movement_line (movement, series, box_no, first, last, event_id)
    SELECT unnest(l_movement), unnest(l_series), unnest(l_box), unnest(l_first), unnest(l_last), of_event;
    RETURN true;
END
$$;

-- The place of each movement in ``movements``; nothing when there is only one.
CREATE FUNCTION custody_numbered(movements jsonb) RETURNS jsonb
    LANGUAGE plpgsql AS $$
BEGIN
    IF jsonb_array_length(movements) < 2 THEN
        RETURN '{}';
    END IF;
    RETURN (SELECT jsonb_object_agg(m.value->>'movement', m.ordinality - 1)
            FROM jsonb_array_elements(movements) WITH ORDINALITY AS m);
END
$$;

-- The second phase of movements that are on their way: each ends as its row of ``phases`` says.
CREATE FUNCTION custody_end(phases jsonb, of_event bigint) RETURNS void
    LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO custody_movement_phase (movement, phase, by, begun_by, is_begin, reason, papers, at, event_id)
    SELECT p.movement, p.phase, p.by, (SELECT m.by FROM custody_movement AS m WHERE m.movement = p.movement), false,
           p.reason, p.papers, p.at, of_event
    FROM jsonb_to_recordset(phases) AS p (movement text, phase text, by text, reason text, papers jsonb, at timestamptz);
END
$$;

-- The places and balances of pending movements that end: posted (the receiver has them) or voided (they never left).
CREATE FUNCTION custody_settle_under(phases jsonb, event bigint) RETURNS void
    LANGUAGE plpgsql AS $$
DECLARE
    ended record;
    item record;
    sent custody_movement;
    place text;
    offices text[] := '{}';
    serieses text[] := '{}';
    conditions text[] := '{}';
    deltas bigint[] := '{}';
BEGIN
    PERFORM custody_end(phases, event);
    FOR ended IN SELECT * FROM jsonb_to_recordset(phases) AS p (movement text, phase text) ORDER BY 1 LOOP
        SELECT * INTO sent FROM custody_movement AS m WHERE m.movement = ended.movement;
        place := CASE ended.phase WHEN 'posted' THEN sent.to_office ELSE sent.from_office END;
        UPDATE custody_box AS b
        SET office = place, movement = NULL, regency = custody_regency(place), event_id = event
        WHERE b.movement = ended.movement;
        FOR item IN
            SELECT DISTINCT r.series, r.box_no FROM custody_range AS r WHERE r.movement = ended.movement ORDER BY 1, 2
        LOOP
            PERFORM FROM custody_box AS b WHERE b.series = item.series AND b.box_no = item.box_no FOR UPDATE;
        END LOOP;
        FOR item IN
            SELECT * FROM custody_range AS r WHERE r.movement = ended.movement ORDER BY r.series, r.box_no, r.first
        LOOP
            DELETE FROM custody_range WHERE id = item.id;
            PERFORM custody_put(item.series, item.box_no, item.first, item.last, place, NULL, item.condition,
                                custody_regency(place), event);
        END LOOP;
        FOR item IN
            SELECT l.series, sum(l.last - l.first + 1) AS quantity FROM custody_movement_line AS l
            WHERE l.movement = ended.movement GROUP BY l.series
        LOOP
            offices := offices || ARRAY[sent.to_office, place];
            serieses := serieses || ARRAY[item.series, item.series];
            conditions := conditions || ARRAY['in_transit', sent.condition_after];
            deltas := deltas || ARRAY[-item.quantity, item.quantity];
        END LOOP;
    END LOOP;
    PERFORM custody_post(offices, serieses, conditions, deltas, event);
END
$$;

-- True when these phases were stored before: the message came twice. Locks the movements, and refuses by name.
CREATE FUNCTION custody_settled(phases jsonb) RETURNS boolean
    LANGUAGE plpgsql AS $$
DECLARE
    item record;
    ended record;
    settled text;
    repeated int := 0;
BEGIN
    FOR item IN
        SELECT p.movement, p.phase, p.by AS ender
        FROM jsonb_to_recordset(phases) AS p (movement text, phase text, by text) ORDER BY 1
    LOOP
        PERFORM FROM custody_movement AS m WHERE m.movement = item.movement FOR UPDATE;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'there is no movement %', item.movement
                USING ERRCODE = 'BL502', HINT = 'look up what is on its way';
        END IF;
        SELECT e.phase, e.by AS ender, e.is_begin INTO ended
        FROM custody_movement_phase AS e WHERE e.movement = item.movement AND e.phase <> 'pending';
        IF FOUND THEN
            settled := coalesce(settled, item.movement);
            IF ended.phase = item.phase AND ended.ender = item.ender AND NOT ended.is_begin THEN
                repeated := repeated + 1;
            END IF;
        END IF;
    END LOOP;
    IF repeated = jsonb_array_length(phases) THEN
        RETURN true;
    END IF;
    IF settled IS NOT NULL THEN
        RAISE EXCEPTION 'movement % is settled', settled
            USING ERRCODE = 'BL503', HINT = 'what was settled is corrected by a further movement';
    END IF;
    RETURN false;
END
$$;

-- Refuses blanks on which a card was printed: whatever became of them, and however late a message comes, they are never
-- good again. Only what is found or corrected is asked; the journal knows.
CREATE FUNCTION custody_never_printed(of_series text, of_box int, of_first int, of_last int) RETURNS void
    LANGUAGE plpgsql AS $$
DECLARE
    printed int;
BEGIN
    SELECT min(greatest(l.first, of_first)) INTO printed
    FROM custody_movement_line AS l JOIN custody_movement AS m ON m.movement = l.movement
    WHERE l.series = of_series AND l.box_no = of_box AND l.first <= of_last AND l.last >= of_first
      AND m.kind = 'personalisation';
    IF printed IS NOT NULL THEN
        RAISE EXCEPTION 'a card was printed on blank %-%-%', of_series, lpad(of_box::text, 6, '0'),
            lpad(printed::text, 4, '0')
            USING ERRCODE = 'BL517', HINT = 'it is found as a printed or a spoiled one';
    END IF;
END
$$;

-- Adds changes to the journal and makes them: places and balances follow. Lines come in the order of their boxes, in
-- which these are locked.
CREATE FUNCTION custody_change_under(
    movements jsonb, l_movement text[], l_series text[], l_box int[], l_first int[], l_last int[], why text, event bigint
) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    box custody_box;
    numbered jsonb := custody_numbered(movements);
    named text;
    made jsonb;
    kind text;
    of_office text;
    into_office text;
    before text;
    after text;
    done boolean;
BEGIN
    IF cardinality(l_box) = 0 THEN
        RETURN true;
    END IF;
    done := custody_journal(movements, l_movement, l_series, l_box, l_first, l_last, why, event);
    FOR i IN 1 .. cardinality(l_box) LOOP
        IF named IS DISTINCT FROM l_movement[i] THEN
            named := l_movement[i];
            made := movements->coalesce((numbered->>named)::int, 0);
            kind := made->>'kind';
            of_office := made->>'from_office';
            into_office := made->>'to_office';
            before := made->>'condition_before';
            after := made->>'condition_after';
            IF kind IN ('receipt', 'dispatch', 'loan', 'transfer', 'return') THEN
                RAISE EXCEPTION '% is no change at an office', kind USING ERRCODE = 'BL513', HINT = 'dispatch it';
            END IF;
        END IF;
        SELECT * INTO box FROM custody_box AS b WHERE b.series = l_series[i] AND b.box_no = l_box[i] FOR UPDATE;
        -- A sealed box can be opened, lost, found, spoiled or quarantined as a whole; nobody prints from it.
        IF box.state = 'whole' AND box.office = of_office AND l_first[i] = 1 AND l_last[i] = box.size
            AND box.condition = before
            AND kind IN ('opening', 'spoilage', 'loss', 'shortage', 'finding', 'quarantine', 'release')
            AND after <> 'personalised'
        THEN
            IF after IN ('good', 'quarantined', 'missing') AND kind <> 'opening' THEN
                UPDATE custody_box AS b
                SET condition = after, office = into_office, regency = custody_regency(into_office), event_id = event
                WHERE b.series = l_series[i] AND b.box_no = l_box[i];
                CONTINUE;
            END IF;
            UPDATE custody_box AS b SET state = 'opened', condition = 'good', office = NULL, event_id = event
            WHERE b.series = l_series[i] AND b.box_no = l_box[i];
        ELSIF kind = 'opening' AND box.state = 'opened' THEN
            RAISE EXCEPTION 'box %-% is opened', l_series[i], lpad(l_box[i]::text, 6, '0')
                USING ERRCODE = 'BL508', HINT = 'name its blanks by their positions';
        ELSE
            done := custody_take(l_series[i], l_box[i], l_first[i], l_last[i], of_office, NULL, before);
            IF kind IN ('finding', 'correction') AND after IN ('good', 'quarantined') THEN
                PERFORM custody_never_printed(l_series[i], l_box[i], l_first[i], l_last[i]);
            END IF;
        END IF;
        done := custody_put(l_series[i], l_box[i], l_first[i], l_last[i], into_office, NULL, after,
                            custody_regency(into_office), event);
    END LOOP;
    IF cardinality(l_box) = 1 THEN
        RETURN custody_carry(l_series[1], l_last[1] - l_first[1] + 1, of_office, before, into_office, after, l_box[1], event);
    END IF;
    PERFORM custody_post(array_agg(office), array_agg(series), array_agg(condition), array_agg(delta), event)
    FROM (SELECT leg.office, l.series, leg.condition, sum(leg.sign * (l.last - l.first + 1)) AS delta
          FROM unnest(l_movement, l_series, l_first, l_last) AS l (movement, series, first, last)
          JOIN jsonb_to_recordset(movements) AS m (
              movement text, from_office text, to_office text, condition_before text, condition_after text)
              USING (movement)
          CROSS JOIN LATERAL (VALUES (m.from_office, m.condition_before, -1), (m.to_office, m.condition_after, 1))
              AS leg (office, condition, sign)
          GROUP BY 1, 2, 3) AS total;
    RETURN true;
END
$$;

-- These work for the functions that follow in published.sql and are nobody else's.
REVOKE EXECUTE ON FUNCTION custody_refuse, custody_take, custody_put, custody_add, custody_carry, custody_post, custody_seen,
    custody_journal, custody_numbered, custody_end, custody_settle_under, custody_settled, custody_never_printed,
    custody_change_under FROM PUBLIC;
