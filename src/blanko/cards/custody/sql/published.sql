-- One server round trip an operation. Each function: is the key seen? event, journal, places (boxes locked in order), balances.
-- They return the event, or 0 when the same message came before and nothing was done.

CREATE FUNCTION custody_receive_lot(
    movements jsonb, l_movement text[], l_series text[], l_box int[], l_first int[], l_last int[], received_on date,
    operation text, by_officer text, at timestamptz, row_count bigint, root bytea, reason text, subject jsonb
) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    event bigint;
    done boolean;
    lot procurement_lot_accepted;
    centre text := movements->0->>'to_office';
BEGIN
    IF custody_seen(movements) THEN
        RETURN 0;
    END IF;
    SELECT * INTO lot FROM procurement_lot_accepted WHERE lot_no = movements->0->>'lot';
    IF lot.lot_no IS NULL OR lot.accepted_boxes <> cardinality(l_box) OR EXISTS (
        SELECT FROM unnest(l_series, l_box, l_first, l_last) AS l (series, box_no, first, last)
        WHERE series <> lot.series OR first <> 1 OR last <> lot.box_size OR box_no = ANY (lot.rejected)
           OR box_no < lot.first_box OR box_no >= lot.first_box + lot.box_count
    ) THEN
        RAISE EXCEPTION 'lot %: these are not the accepted boxes of an accepted lot', movements->0->>'lot'
            USING ERRCODE = 'BL511', HINT = 'release and accept the lot first';
    END IF;
    event := audit_write(operation, by_officer, at, row_count, root, reason, subject);
    done := custody_journal(movements, l_movement, l_series, l_box, l_first, l_last, reason, event);
    INSERT INTO custody_box (series, box_no, size, lot, received_on, state, office, regency, event_id)
    SELECT series, box_no, last, lot.lot_no, received_on, 'whole', centre, custody_regency(centre), event
    FROM unnest(l_series, l_box, l_last) AS l (series, box_no, last);
    PERFORM custody_post(array_agg(centre), array_agg(series), array_agg('good'::text), array_agg(quantity), event)
    FROM (SELECT series, sum(last - first + 1) AS quantity
          FROM unnest(l_series, l_first, l_last) AS l (series, first, last) GROUP BY series) AS total;
    RETURN event;
END
$$;

CREATE FUNCTION custody_dispatch(
    movements jsonb, l_movement text[], l_series text[], l_box int[], l_first int[], l_last int[], legs jsonb,
    operation text, by_officer text, at timestamptz, row_count bigint, root bytea, reason text, subject jsonb
) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    event bigint;
    numbered jsonb := custody_numbered(movements);
    named text;
    sent jsonb;
    sender text;
    receiver text;
    of_condition text;
    done boolean;
BEGIN
    IF custody_seen(movements) THEN
        RETURN 0;
    END IF;
    event := audit_write(operation, by_officer, at, row_count, root, reason, subject);
    done := custody_journal(movements, l_movement, l_series, l_box, l_first, l_last, reason, event);
    IF jsonb_array_length(legs) > 0 THEN
        INSERT INTO custody_leg (movement, leg, mode, from_place, to_place, carrier, answerable, assignment_no,
                                 identity_checked, seals, due_at, event_id)
        SELECT movement, leg, mode, from_place, to_place, carrier, answerable, assignment_no, identity_checked, seals,
               due_at, event
        FROM jsonb_to_recordset(legs) AS j (
            movement text, leg int, mode text, from_place text, to_place text, carrier text, answerable text,
            assignment_no text, identity_checked text, seals jsonb, due_at timestamptz);
    END IF;
    FOR i IN 1 .. cardinality(l_box) LOOP
        IF named IS DISTINCT FROM l_movement[i] THEN
            named := l_movement[i];
            sent := movements->coalesce((numbered->>named)::int, 0);
            sender := sent->>'from_office';
            receiver := sent->>'to_office';
            of_condition := sent->>'condition_before';
        END IF;
        UPDATE custody_box AS b
        SET office = NULL, movement = named, regency = custody_regency(receiver), event_id = event
        WHERE b.series = l_series[i] AND b.box_no = l_box[i] AND b.state = 'whole' AND b.office = sender
          AND b.condition = of_condition AND l_first[i] = 1 AND b.size = l_last[i];
        IF NOT FOUND THEN
            -- Blanks of an opened box, or what must be refused.
            PERFORM FROM custody_box AS b WHERE b.series = l_series[i] AND b.box_no = l_box[i] FOR UPDATE;
            done := custody_take(l_series[i], l_box[i], l_first[i], l_last[i], sender, NULL, of_condition);
            done := custody_put(l_series[i], l_box[i], l_first[i], l_last[i], NULL, named, of_condition,
                                custody_regency(receiver), event);
        END IF;
    END LOOP;
    IF cardinality(l_box) = 1 THEN
        done := custody_carry(l_series[1], l_last[1] - l_first[1] + 1, sender, of_condition, receiver, 'in_transit', l_box[1],
                              event);
        RETURN event;
    END IF;
    PERFORM custody_post(array_agg(office), array_agg(series), array_agg(condition), array_agg(delta), event)
    FROM (SELECT CASE leg.sign WHEN -1 THEN m.from_office ELSE m.to_office END AS office, l.series,
                 CASE leg.sign WHEN -1 THEN m.condition_before ELSE 'in_transit' END AS condition,
                 sum(leg.sign * (l.last - l.first + 1)) AS delta
          FROM unnest(l_movement, l_series, l_first, l_last) AS l (movement, series, first, last)
          JOIN jsonb_to_recordset(movements) AS m (movement text, from_office text, to_office text, condition_before text)
              USING (movement)
          CROSS JOIN (VALUES (-1), (1)) AS leg (sign)
          GROUP BY 1, 2, 3) AS total;
    RETURN event;
END
$$;

-- Ends pending movements: posted (the receiver has them) or voided (they never left).
CREATE FUNCTION custody_settle(
    phases jsonb,
    operation text, by_officer text, at timestamptz, row_count bigint, root bytea, reason text, subject jsonb
) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    event bigint;
BEGIN
    IF custody_settled(phases) THEN
        RETURN 0;
    END IF;
    event := audit_write(operation, by_officer, at, row_count, root, reason, subject);
    PERFORM custody_settle_under(phases, event);
    RETURN event;
END
$$;

-- A movement is taken over, and not all is as its papers say: what did not come is missing at its sender's, what
-- must be examined is quarantined, and each discrepancy has an owner. All in one event.
CREATE FUNCTION custody_receive_found(
    phases jsonb, discrepancies jsonb,
    movements jsonb, l_movement text[], l_series text[], l_box int[], l_first int[], l_last int[],
    operation text, by_officer text, at timestamptz, row_count bigint, root bytea, reason text, subject jsonb
) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    event bigint;
    done boolean;
BEGIN
    IF custody_settled(phases) THEN
        RETURN 0;
    END IF;
    event := audit_write(operation, by_officer, at, row_count, root, reason, subject);
    PERFORM custody_settle_under(phases, event);
    INSERT INTO custody_discrepancy (movement, number, kind, series, box_no, first, last, identifier, owner, office,
                                     regency, note, by, at, event_id)
    SELECT movement, number, kind, series, box_no, first, last, identifier, owner, office, custody_regency(office),
           note, by, d.at, event
    FROM jsonb_to_recordset(discrepancies) AS d (
        movement text, number int, kind text, series text, box_no int, first int, last int, identifier text, owner text,
        office text, note text, by text, at timestamptz);
    done := custody_change_under(movements, l_movement, l_series, l_box, l_first, l_last, reason, event);
    RETURN event;
END
$$;

-- A discrepancy is handed on or resolved; returns 0 when the same step was stored before.
CREATE FUNCTION custody_discrepancy_step_on(
    of_movement text, of_number int, to_step text, to_owner text, as_resolution text, note text, by text,
    operation text, by_officer text, at timestamptz, row_count bigint, root bytea, reason text, subject jsonb
) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    event bigint;
    first_reporter text;
BEGIN
    SELECT d.by INTO first_reporter FROM custody_discrepancy AS d
    WHERE d.movement = of_movement AND d.number = of_number FOR UPDATE;
    IF first_reporter IS NULL THEN
        RAISE EXCEPTION 'there is no discrepancy % of %', of_number, of_movement
            USING ERRCODE = 'BL515', HINT = 'look up the list of discrepancies';
    END IF;
    IF EXISTS (SELECT FROM custody_discrepancy_step AS s
               WHERE s.movement = of_movement AND s.number = of_number AND s.step = 'resolved') THEN
        RAISE EXCEPTION 'discrepancy % of % is resolved', of_number, of_movement
            USING ERRCODE = 'BL516', HINT = 'what was resolved is corrected by a further movement';
    END IF;
    event := audit_write(operation, by_officer, at, row_count, root, reason, subject);
    INSERT INTO custody_discrepancy_step (movement, number, reported_by, step, owner, resolution, note, by, at, event_id)
    VALUES (of_movement, of_number, first_reporter, to_step, to_owner, as_resolution, note, by, at, event);
    RETURN event;
END
$$;

-- Sends a pending movement back: it ends as returned, and the same blanks are on their way to whoever sent them.
CREATE FUNCTION custody_return(
    movements jsonb, l_movement text[], l_series text[], l_box int[], l_first int[], l_last int[], phases jsonb,
    operation text, by_officer text, at timestamptz, row_count bigint, root bytea, reason text, subject jsonb
) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    event bigint;
    done boolean;
    origin custody_movement;
    back text := movements->0->>'movement';
BEGIN
    IF custody_seen(movements) THEN
        RETURN 0;
    END IF;
    SELECT * INTO origin FROM custody_movement WHERE movement = movements->0->>'return_of' FOR UPDATE;
    -- The same return may have waited for this lock: look again.
    IF custody_seen(movements) THEN
        RETURN 0;
    END IF;
    IF origin.movement IS NULL THEN
        RAISE EXCEPTION 'there is no movement %', movements->0->>'return_of'
            USING ERRCODE = 'BL502', HINT = 'look up what is on its way';
    END IF;
    IF EXISTS (SELECT FROM custody_movement_phase WHERE movement = origin.movement AND phase <> 'pending') THEN
        RAISE EXCEPTION 'movement % is settled', origin.movement
            USING ERRCODE = 'BL503', HINT = 'what was settled is corrected by a further movement';
    END IF;
    event := audit_write(operation, by_officer, at, row_count, root, reason, subject);
    done := custody_journal(movements, l_movement, l_series, l_box, l_first, l_last, reason, event);
    PERFORM custody_end(phases, event);
    UPDATE custody_box SET movement = back, regency = custody_regency(origin.from_office), event_id = event
    WHERE movement = origin.movement;
    UPDATE custody_range SET movement = back, regency = custody_regency(origin.from_office), event_id = event
    WHERE movement = origin.movement;
    PERFORM custody_post(array_agg(leg.office), array_agg(t.series), array_agg('in_transit'::text),
                         array_agg(leg.sign * t.quantity), event)
    FROM (SELECT series, sum(last - first + 1) AS quantity FROM custody_movement_line
          WHERE movement = origin.movement GROUP BY series) AS t
    CROSS JOIN (VALUES (origin.to_office, -1), (origin.from_office, 1)) AS leg (office, sign);
    RETURN event;
END
$$;

-- What happens to blanks at an office: a box is opened, blanks are printed, spoiled, issued, lost, found or destroyed.
CREATE FUNCTION custody_change(
    movements jsonb, l_movement text[], l_series text[], l_box int[], l_first int[], l_last int[],
    operation text, by_officer text, at timestamptz, row_count bigint, root bytea, reason text, subject jsonb
) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    event bigint;
    done boolean;
BEGIN
    IF custody_seen(movements) THEN
        RETURN 0;
    END IF;
    event := audit_write(operation, by_officer, at, row_count, root, reason, subject);
    done := custody_change_under(movements, l_movement, l_series, l_box, l_first, l_last, reason, event);
    RETURN event;
END
$$;

-- The next good blanks of an office: opened boxes before sealed ones, the oldest first. Locks their boxes until the
-- transaction ends, so that two printers of an office take different blanks one after the other.
CREATE FUNCTION custody_next_blanks(of_office text, wanted bigint)
    RETURNS TABLE (series text, box_no int, first int, last int, sealed boolean)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    found record;
    left_to_find bigint := wanted;
BEGIN
    FOR found IN
        SELECT b.series, b.box_no, b.size FROM custody_box AS b
        WHERE b.state = 'opened' AND EXISTS (
            SELECT FROM custody_range AS r WHERE r.series = b.series AND r.box_no = b.box_no
              AND r.office = of_office AND r.condition = 'good')
        ORDER BY b.received_on, b.series, b.box_no FOR UPDATE
    LOOP
        FOR series, box_no, first, last IN
            SELECT r.series, r.box_no, r.first, r.last FROM custody_range AS r
            WHERE r.series = found.series AND r.box_no = found.box_no AND r.office = of_office AND r.condition = 'good'
            ORDER BY r.first
        LOOP
            EXIT WHEN left_to_find <= 0;
            sealed := false;
            last := least(last, first + left_to_find - 1);
            left_to_find := left_to_find - (last - first + 1);
            RETURN NEXT;
        END LOOP;
        EXIT WHEN left_to_find <= 0;
    END LOOP;
    IF left_to_find <= 0 THEN
        RETURN;
    END IF;
    FOR found IN
        SELECT b.series, b.box_no, b.size FROM custody_box AS b
        WHERE b.state = 'whole' AND b.condition = 'good' AND b.office = of_office
        ORDER BY b.received_on, b.series, b.box_no
        LIMIT left_to_find FOR UPDATE
    LOOP
        series := found.series; box_no := found.box_no; first := 1; sealed := true;
        last := least(found.size, left_to_find);
        left_to_find := left_to_find - last;
        RETURN NEXT;
        EXIT WHEN left_to_find <= 0;
    END LOOP;
END
$$;

-- What each office has: good blanks (of them in sealed boxes) and what is on its way to it.
CREATE VIEW custody_holding WITH (security_invoker = true) AS
SELECT b.office, b.regency,
       sum(b.quantity) FILTER (WHERE b.condition = 'good') AS good,
       sum(b.quantity) FILTER (WHERE b.condition = 'in_transit') AS in_transit_in,
       max(w.boxes) AS whole_boxes, max(w.blanks) AS in_whole_boxes
FROM custody_balance AS b
LEFT JOIN (SELECT office, count(*) AS boxes, sum(size) AS blanks FROM custody_box
           WHERE office IS NOT NULL AND condition = 'good' GROUP BY office) AS w ON w.office = b.office
GROUP BY b.office, b.regency;

-- Where each box or range of blanks is now.
CREATE VIEW custody_place WITH (security_invoker = true) AS
SELECT series, box_no, 1 AS first, size AS last, condition, office, movement, lot, true AS sealed
FROM custody_box WHERE state = 'whole'
UNION ALL
SELECT r.series, r.box_no, r.first, r.last, r.condition, r.office, r.movement, b.lot, false
FROM custody_range AS r JOIN custody_box AS b USING (series, box_no);

-- What was done to blanks at offices (printed, spoiled, issued, lost, ...), for who counts by office and day.
CREATE VIEW custody_change_made WITH (security_invoker = true) AS
SELECT from_office AS office, regency, kind, condition_before, condition_after, at, quantity, movement, event_id
FROM custody_movement
WHERE kind NOT IN ('receipt', 'dispatch', 'loan', 'transfer', 'return', 'opening');

-- The journal as entries: what each phase of each movement adds to or takes from an office's blanks of a condition.
-- Their sum up to a moment is the book of that moment, and their sum up to now is custody_balance (reconcile shows it).
CREATE VIEW custody_entry WITH (security_invoker = true) AS
SELECT e.movement, e.kind, e.at, e.event_id, e.office, e.condition, e.quantity
FROM (
    SELECT m.movement, m.kind, p.at, p.event_id, leg.office, leg.condition, leg.sign * m.quantity AS quantity
    FROM custody_movement AS m
    JOIN custody_movement_phase AS p ON p.movement = m.movement AND p.is_begin
    CROSS JOIN LATERAL (VALUES
        -- What is sent back takes nothing from the office that never took it over.
        (m.from_office, m.condition_before, CASE WHEN m.kind IN ('receipt', 'return') THEN 0 ELSE -1 END),
        (m.to_office, CASE p.phase WHEN 'pending' THEN 'in_transit' ELSE m.condition_after END, 1)
    ) AS leg (office, condition, sign)
    WHERE leg.sign <> 0
    UNION ALL
    SELECT m.movement, m.kind, p.at, p.event_id, leg.office, leg.condition, leg.sign * m.quantity
    FROM custody_movement AS m
    JOIN custody_movement_phase AS p ON p.movement = m.movement AND NOT p.is_begin
    CROSS JOIN LATERAL (VALUES
        (m.to_office, 'in_transit', -1),
        (CASE p.phase WHEN 'posted' THEN m.to_office ELSE m.from_office END,
         CASE p.phase WHEN 'posted' THEN m.condition_after ELSE m.condition_before END,
         CASE p.phase WHEN 'returned' THEN 0 ELSE 1 END)
    ) AS leg (office, condition, sign)
    WHERE leg.sign <> 0
) AS e;

-- The blanks of each movement, box by box: with custody_entry the whole journal, for who folds it.
CREATE VIEW custody_journal_line WITH (security_invoker = true) AS
SELECT movement, series, box_no, first, last FROM custody_movement_line;

-- The running balances, for who compares them with the journal.
CREATE VIEW custody_balance_now WITH (security_invoker = true) AS
SELECT office, series, condition, sum(quantity)::bigint AS quantity FROM custody_balance GROUP BY office, series, condition;

-- Discrepancies with who owns them now, and how they ended.
CREATE VIEW custody_discrepancy_now WITH (security_invoker = true) AS
SELECT d.movement, d.number, d.kind, d.series, d.box_no, d.first, d.last, d.identifier, d.office, d.regency, d.note,
       d.by, d.at, coalesce(handed.owner, d.owner) AS owner, resolved.resolution, resolved.at AS resolved_at,
       resolved.by AS resolved_by, m.from_office, m.kind AS movement_kind
FROM custody_discrepancy AS d
JOIN custody_movement AS m USING (movement)
LEFT JOIN LATERAL (SELECT s.owner FROM custody_discrepancy_step AS s
                   WHERE s.movement = d.movement AND s.number = d.number AND s.step = 'handed_on'
                   ORDER BY s.id DESC LIMIT 1) AS handed ON true
LEFT JOIN custody_discrepancy_step AS resolved
    ON resolved.movement = d.movement AND resolved.number = d.number AND resolved.step = 'resolved';

-- The sha256 of the manifest of a lot that was loaded before, or nothing. One manifest is loaded at a time.
CREATE FUNCTION custody_manifest_known(of_lot text) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    LOCK TABLE custody_uid_part IN SHARE ROW EXCLUSIVE MODE;
    RETURN (SELECT sha256 FROM custody_manifest WHERE lot_no = of_lot);
END
$$;

-- Opens an empty, bare part for the chips of a lot, which this transaction may fill; returns its name.
CREATE FUNCTION custody_uid_open(of_lot text) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    number_of_part int;
    part text;
BEGIN
    INSERT INTO custody_uid_part (number, lot_no)
    VALUES ((SELECT coalesce(max(p.number), 0) + 1 FROM custody_uid_part AS p), of_lot) RETURNING number INTO number_of_part;
    part := 'custody_uid_' || number_of_part;
    EXECUTE format('CREATE TABLE %I (uid bigint NOT NULL, part int NOT NULL DEFAULT %s CHECK (part = %s), '
                   'box_no int NOT NULL, position smallint NOT NULL)', part, number_of_part, number_of_part);
    EXECUTE format('REVOKE ALL ON %I FROM blanko_app', part);
    EXECUTE format('GRANT INSERT ON %I TO blanko_app', part);
    RETURN part;
END
$$;

-- Stores a manifest and closes its lot's part of chips: indexes it, refuses a chip that another lot has, and attaches it.
CREATE FUNCTION custody_manifest_store(
    manifest jsonb, of_series text, size int, first_box int, chips int[], digests text[],
    operation text, by_officer text, at timestamptz, row_count bigint, root bytea, reason text, subject jsonb
) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET maintenance_work_mem = '384MB'
    -- Two whole lots are compared: by merging their indexes, not chip by chip.
    SET enable_nestloop = off SET enable_hashjoin = off AS $$
DECLARE
    event bigint;
    own int;
    part text;
    other record;
    found text;
    twice bigint;
    counted bigint;
BEGIN
    event := audit_write(operation, by_officer, at, row_count, root, reason, subject);
    INSERT INTO custody_manifest (lot_no, sha256, name, boxes, chips, by, at, event_id)
    SELECT j.lot_no, j.sha256, j.name, j.boxes, j.chips, j.by, j.at, event
    FROM jsonb_to_record(manifest) AS j (lot_no text, sha256 text, name text, boxes int, chips bigint, by text, at timestamptz);
    INSERT INTO custody_manifest_box (series, box_no, lot_no, size, chips, chips_sha256, event_id)
    SELECT of_series, first_box + place::int - 1, manifest->>'lot_no', size, c, d, event
    FROM unnest(chips, digests) WITH ORDINALITY AS l (c, d, place);
    IF (manifest->>'chips')::bigint = 0 THEN
        RETURN event;
    END IF;
    SELECT number INTO own FROM custody_uid_part WHERE lot_no = manifest->>'lot_no';
    part := 'custody_uid_' || own;
    EXECUTE format('SELECT count(*) FROM %I', part) INTO counted;
    IF counted <> (manifest->>'chips')::bigint THEN
        RAISE EXCEPTION '% chips were sent of %', counted, manifest->>'chips' USING ERRCODE = 'BL520';
    END IF;
    EXECUTE format('REVOKE INSERT ON %I FROM blanko_app', part);
    EXECUTE format('GRANT SELECT ON %I TO blanko_app', part);
    EXECUTE format('CREATE UNIQUE INDEX ON %I (uid)', part);
    -- As one number: rows come in its order, and comparing pairs of which 500 begin alike costs four times as much.
    EXECUTE format('CREATE UNIQUE INDEX ON %I ((box_no * 10000::bigint + position))', part);
    FOR other IN SELECT number, lot_no FROM custody_uid_part WHERE number <> own ORDER BY number LOOP
        EXECUTE format('SELECT min(n.uid) FROM %I AS n JOIN %I AS o USING (uid)', part, 'custody_uid_' || other.number)
            INTO twice;
        IF twice IS NOT NULL THEN
            EXECUTE format('SELECT %L || box_no || %L || position FROM %I WHERE uid = $1',
                           'the chip of box ', ', position ', part) INTO found USING twice;
            RAISE EXCEPTION '% is a chip of lot % too', found, other.lot_no USING ERRCODE = 'BL520';
        END IF;
    END LOOP;
    EXECUTE format('ALTER TABLE custody_uid ATTACH PARTITION %I FOR VALUES IN (%s)', part, own);
    RETURN event;
END
$$;
