SELECT audit_guard(t) FROM unnest(ARRAY['custody_movement', 'custody_movement_line', 'custody_movement_phase', 'custody_leg',
    'custody_discrepancy', 'custody_discrepancy_step', 'custody_manifest', 'custody_manifest_box']::regclass[]) AS t;
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

ALTER TABLE custody_movement
    ADD CONSTRAINT custody_movement_lawful FOREIGN KEY (kind, condition_before, condition_after)
        REFERENCES custody_lawful (kind, condition_before, condition_after),
    ADD CONSTRAINT custody_movement_named CHECK (movement = device || ':' || sequence),
    ADD CONSTRAINT custody_movement_by UNIQUE (movement, by),
    -- A movement between offices has two ends; what happens to a blank at an office has one.
    ADD CONSTRAINT custody_movement_ends CHECK (
        CASE kind WHEN 'receipt' THEN from_office = '' AND to_office <> '' AND lot <> ''
                  WHEN 'dispatch' THEN from_office <> '' AND to_office <> '' AND from_office <> to_office
                  WHEN 'transfer' THEN from_office <> '' AND to_office <> '' AND from_office <> to_office
                  WHEN 'loan' THEN length(from_office) = 4 AND length(to_office) = 4 AND from_office <> to_office
                      AND left(from_office, 2) = left(to_office, 2)
                  WHEN 'shortage' THEN from_office <> '' AND to_office <> '' AND from_office <> to_office AND return_of <> ''
                  WHEN 'correction' THEN from_office <> '' AND from_office = to_office AND return_of <> ''
                  WHEN 'return' THEN from_office <> '' AND to_office <> '' AND from_office <> to_office AND return_of <> ''
                  ELSE from_office <> '' AND from_office = to_office END);
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
) RETURNS void LANGUAGE plpgsql AS $$
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
END
$$;

-- Puts blanks into a place; neighbours in the same place and condition become one range.
CREATE FUNCTION custody_put(
    of_series text, of_box int, of_first int, of_last int, of_office text, of_movement text, of_condition text,
    of_regency text, of_event bigint
) RETURNS void LANGUAGE plpgsql AS $$
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
END
$$;

-- Adds to running balances, row by row: leaf offices first and the central row last, so that it is locked shortest.
-- A loop of index look-ups, here and below, has the same cost at every size of the tables; a join of a parameter
-- with a table is planned once a session, for whatever size the table had then.
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
        UPDATE custody_balance AS b SET quantity = b.quantity + item.delta, event_id = of_event
        WHERE b.office = item.office AND b.series = item.series AND b.condition = item.condition;
        IF NOT FOUND THEN
            INSERT INTO custody_balance (office, series, condition, quantity, regency, event_id)
            VALUES (item.office, item.series, item.condition, 0, custody_regency(item.office), of_event)
            ON CONFLICT DO NOTHING;
            UPDATE custody_balance AS b SET quantity = b.quantity + item.delta, event_id = of_event
            WHERE b.office = item.office AND b.series = item.series AND b.condition = item.condition;
        END IF;
    END LOOP;
END
$$;

-- True when exactly these movements are in the journal already: the message came twice. Raises KeyReused otherwise.
CREATE FUNCTION custody_seen(movements jsonb) RETURNS boolean
    LANGUAGE plpgsql AS $$
DECLARE
    item record;
    known text;
    seen int := 0;
    other text;
BEGIN
    FOR item IN SELECT * FROM jsonb_to_recordset(movements) AS j (movement text, digest text) ORDER BY 1 LOOP
        SELECT m.digest INTO known FROM custody_movement AS m WHERE m.movement = item.movement;
        IF FOUND THEN
            seen := seen + 1;
            IF known <> item.digest THEN
                other := coalesce(other, item.movement);
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
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO custody_movement (movement, device, sequence, kind, condition_before, condition_after, from_office, to_office,
                                  regency, quantity, lot, return_of, papers, digest, by, at, event_id)
    SELECT movement, device, sequence, kind, condition_before, condition_after, from_office, to_office,
           custody_regency(to_office), quantity, lot, return_of, papers, digest, by, at, of_event
    FROM jsonb_to_recordset(movements) AS j (
        movement text, device text, sequence bigint, kind text, condition_before text, condition_after text,
        from_office text, to_office text, quantity bigint, lot text, return_of text, papers jsonb, digest text, by text,
        at timestamptz);
    IF btrim(why) = '' AND movements @? ('$[*].kind ? (@ == "quarantine" || @ == "release" || @ == "spoilage" || '
        '@ == "loss" || @ == "shortage" || @ == "finding" || @ == "correction" || @ == "return")')::jsonpath
    THEN
        RAISE EXCEPTION 'this needs a reason' USING ERRCODE = 'BL514', HINT = 'say what happened';
    END IF;
    INSERT INTO custody_movement_line (movement, series, box_no, first, last, event_id)
    SELECT movement, series, box_no, first, last, of_event
    FROM unnest(l_movement, l_series, l_box, l_first, l_last) AS l (movement, series, box_no, first, last);
    INSERT INTO custody_movement_phase (movement, phase, by, begun_by, is_begin, reason, papers, at, event_id)
    SELECT j.movement, k.begins, j.by, j.by, true, why, '{}', j.at, of_event
    FROM jsonb_to_recordset(movements) AS j (
        movement text, kind text, condition_before text, condition_after text, by text, at timestamptz)
    JOIN custody_lawful AS k USING (kind, condition_before, condition_after);
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

-- Locks boxes in the order of their numbers.
CREATE FUNCTION custody_lock(l_series text[], l_box int[]) RETURNS void
    LANGUAGE plpgsql AS $$
DECLARE
    item record;
BEGIN
    FOR item IN
        SELECT DISTINCT l.series, l.box_no FROM unnest(l_series, l_box) AS l (series, box_no) ORDER BY 1, 2
    LOOP
        PERFORM FROM custody_box AS b WHERE b.series = item.series AND b.box_no = item.box_no FOR UPDATE;
    END LOOP;
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

-- Adds changes to the journal and makes them: places and balances follow.
CREATE FUNCTION custody_change_under(
    movements jsonb, l_movement text[], l_series text[], l_box int[], l_first int[], l_last int[], why text, event bigint
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    box custody_box;
    item record;
BEGIN
    IF cardinality(l_box) = 0 THEN
        RETURN;
    END IF;
    PERFORM custody_journal(movements, l_movement, l_series, l_box, l_first, l_last, why, event);
    FOR item IN
        SELECT l.*, m.kind, m.from_office AS office, m.to_office, m.condition_before, m.condition_after
        FROM unnest(l_movement, l_series, l_box, l_first, l_last) AS l (movement, series, box_no, first, last)
        JOIN jsonb_to_recordset(movements) AS m (
            movement text, kind text, from_office text, to_office text, condition_before text, condition_after text)
            USING (movement)
        ORDER BY l.series, l.box_no, l.first
    LOOP
        IF item.kind IN ('receipt', 'dispatch', 'loan', 'transfer', 'return') THEN
            RAISE EXCEPTION '% is no change at an office', item.kind USING ERRCODE = 'BL513', HINT = 'dispatch it';
        END IF;
        SELECT * INTO box FROM custody_box WHERE series = item.series AND box_no = item.box_no;
        -- A sealed box can be opened, lost, found, spoiled or quarantined as a whole; nobody prints from it.
        IF box.state = 'whole' AND box.office = item.office AND item.first = 1 AND item.last = box.size
            AND box.condition = item.condition_before
            AND item.kind IN ('opening', 'spoilage', 'loss', 'shortage', 'finding', 'quarantine', 'release')
            AND item.condition_after <> 'personalised'
        THEN
            IF item.condition_after IN ('good', 'quarantined', 'missing') AND item.kind <> 'opening' THEN
                UPDATE custody_box
                SET condition = item.condition_after, office = item.to_office, regency = custody_regency(item.to_office),
                    event_id = event
                WHERE series = item.series AND box_no = item.box_no;
                CONTINUE;
            END IF;
            UPDATE custody_box SET state = 'opened', condition = 'good', office = NULL, event_id = event
            WHERE series = item.series AND box_no = item.box_no;
        ELSIF item.kind = 'opening' AND box.state = 'opened' THEN
            RAISE EXCEPTION 'box %-% is opened', item.series, lpad(item.box_no::text, 6, '0')
                USING ERRCODE = 'BL508', HINT = 'name its blanks by their positions';
        ELSE
            PERFORM custody_take(item.series, item.box_no, item.first, item.last, item.office, NULL, item.condition_before);
        END IF;
        PERFORM custody_put(item.series, item.box_no, item.first, item.last, item.to_office, NULL, item.condition_after,
                            custody_regency(item.to_office), event);
    END LOOP;
    PERFORM custody_post(array_agg(office), array_agg(series), array_agg(condition), array_agg(delta), event)
    FROM (SELECT leg.office, l.series, leg.condition, sum(leg.sign * (l.last - l.first + 1)) AS delta
          FROM unnest(l_movement, l_series, l_first, l_last) AS l (movement, series, first, last)
          JOIN jsonb_to_recordset(movements) AS m (
              movement text, from_office text, to_office text, condition_before text, condition_after text)
              USING (movement)
          CROSS JOIN LATERAL (VALUES (m.from_office, m.condition_before, -1), (m.to_office, m.condition_after, 1))
              AS leg (office, condition, sign)
          GROUP BY 1, 2, 3) AS total;
END
$$;

-- These work for the functions that follow in published.sql and are nobody else's.
REVOKE EXECUTE ON FUNCTION custody_refuse, custody_take, custody_put, custody_post, custody_seen, custody_journal,
    custody_end, custody_settle_under, custody_settled, custody_change_under, custody_lock FROM PUBLIC;
