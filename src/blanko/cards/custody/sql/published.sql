-- One server round trip an operation. Each function: is the key seen? lock boxes in order, event, journal, places, balances.
-- They return the event, or 0 when the same message came before and nothing was done.

CREATE FUNCTION custody_receive_lot(
    movements jsonb, l_movement text[], l_series text[], l_box int[], l_first int[], l_last int[], received_on date,
    operation text, by_officer text, at timestamptz, row_count bigint, root bytea, reason text, subject jsonb
) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    event bigint;
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
    event := audit_record(operation, by_officer, at, row_count, root, reason, subject);
    PERFORM custody_journal(movements, l_movement, l_series, l_box, l_first, l_last, reason, event);
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
    movements jsonb, l_movement text[], l_series text[], l_box int[], l_first int[], l_last int[],
    operation text, by_officer text, at timestamptz, row_count bigint, root bytea, reason text, subject jsonb
) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    event bigint;
    moved bigint;
    item record;
BEGIN
    IF custody_seen(movements) THEN
        RETURN 0;
    END IF;
    PERFORM FROM custody_box AS b JOIN unnest(l_series, l_box) AS l (series, box_no) USING (series, box_no)
    ORDER BY b.series, b.box_no FOR UPDATE OF b;
    event := audit_record(operation, by_officer, at, row_count, root, reason, subject);
    PERFORM custody_journal(movements, l_movement, l_series, l_box, l_first, l_last, reason, event);
    UPDATE custody_box AS b
    SET office = NULL, movement = l.movement, regency = custody_regency(m.to_office), event_id = event
    FROM unnest(l_movement, l_series, l_box, l_first, l_last) AS l (movement, series, box_no, first, last)
    JOIN custody_movement AS m USING (movement)
    WHERE b.series = l.series AND b.box_no = l.box_no AND b.state = 'whole' AND b.office = m.from_office
      AND l.first = 1 AND l.last = b.size;
    GET DIAGNOSTICS moved = ROW_COUNT;
    IF moved < cardinality(l_box) THEN
        -- What is left are blanks of opened boxes, or what must be refused.
        FOR item IN
            SELECT l.*, m.from_office, m.to_office
            FROM unnest(l_movement, l_series, l_box, l_first, l_last) AS l (movement, series, box_no, first, last)
            JOIN custody_movement AS m USING (movement)
            LEFT JOIN custody_box AS b ON b.series = l.series AND b.box_no = l.box_no
            WHERE b.movement IS DISTINCT FROM l.movement
            ORDER BY l.series, l.box_no, l.first
        LOOP
            PERFORM custody_take(item.series, item.box_no, item.first, item.last, item.from_office, NULL, 'good');
            PERFORM custody_put(item.series, item.box_no, item.first, item.last, NULL, item.movement, 'good',
                                custody_regency(item.to_office), event);
        END LOOP;
    END IF;
    PERFORM custody_post(array_agg(office), array_agg(series), array_agg(condition), array_agg(delta), event)
    FROM (SELECT CASE leg.condition WHEN 'good' THEN m.from_office ELSE m.to_office END AS office, l.series,
                 leg.condition, sum(leg.sign * (l.last - l.first + 1)) AS delta
          FROM unnest(l_movement, l_series, l_first, l_last) AS l (movement, series, first, last)
          JOIN custody_movement AS m USING (movement)
          CROSS JOIN (VALUES ('good', -1), ('in_transit', 1)) AS leg (condition, sign)
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
    keys text[];
    wrong text;
    named int;
    repeated int;
    item record;
BEGIN
    SELECT array_agg(movement), count(*) INTO keys, named FROM jsonb_to_recordset(phases) AS p (movement text);
    PERFORM FROM custody_movement WHERE movement = ANY (keys) ORDER BY movement FOR UPDATE;
    SELECT p.movement INTO wrong FROM jsonb_to_recordset(phases) AS p (movement text)
    LEFT JOIN custody_movement AS m USING (movement) WHERE m.movement IS NULL ORDER BY 1 LIMIT 1;
    IF wrong IS NOT NULL THEN
        RAISE EXCEPTION 'there is no movement %', wrong USING ERRCODE = 'BL502', HINT = 'look up what is on its way';
    END IF;
    SELECT count(*) FILTER (WHERE e.phase = p.phase AND e.by = p.by AND NOT e.is_begin), min(e.movement)
    INTO repeated, wrong
    FROM jsonb_to_recordset(phases) AS p (movement text, phase text, by text)
    JOIN custody_movement_phase AS e ON e.movement = p.movement AND e.phase <> 'pending';
    IF repeated = named THEN
        RETURN 0;
    END IF;
    IF wrong IS NOT NULL THEN
        RAISE EXCEPTION 'movement % is settled', wrong
            USING ERRCODE = 'BL503', HINT = 'what was settled is corrected by a further movement';
    END IF;
    event := audit_record(operation, by_officer, at, row_count, root, reason, subject);
    PERFORM custody_end(phases, event);
    UPDATE custody_box AS b
    SET office = CASE p.phase WHEN 'posted' THEN m.to_office ELSE m.from_office END, movement = NULL,
        regency = custody_regency(CASE p.phase WHEN 'posted' THEN m.to_office ELSE m.from_office END), event_id = event
    FROM custody_movement AS m JOIN jsonb_to_recordset(phases) AS p (movement text, phase text) USING (movement)
    WHERE b.movement = m.movement;
    PERFORM FROM custody_box AS b
    WHERE EXISTS (SELECT FROM custody_range AS r
                  WHERE r.movement = ANY (keys) AND r.series = b.series AND r.box_no = b.box_no)
    ORDER BY b.series, b.box_no FOR UPDATE;
    FOR item IN
        SELECT c.*, CASE p.phase WHEN 'posted' THEN m.to_office ELSE m.from_office END AS place
        FROM custody_range AS c JOIN custody_movement AS m USING (movement)
        JOIN jsonb_to_recordset(phases) AS p (movement text, phase text) USING (movement)
        ORDER BY c.series, c.box_no, c.first
    LOOP
        DELETE FROM custody_range WHERE id = item.id;
        PERFORM custody_put(item.series, item.box_no, item.first, item.last, item.place, NULL, item.condition,
                            custody_regency(item.place), event);
    END LOOP;
    PERFORM custody_post(array_agg(office), array_agg(series), array_agg(condition), array_agg(delta), event)
    FROM (SELECT CASE WHEN leg.condition = 'in_transit' OR p.phase = 'posted' THEN m.to_office ELSE m.from_office END AS office,
                 l.series, leg.condition, sum(leg.sign * (l.last - l.first + 1)) AS delta
          FROM jsonb_to_recordset(phases) AS p (movement text, phase text)
          JOIN custody_movement AS m USING (movement)
          JOIN custody_movement_line AS l USING (movement)
          CROSS JOIN (VALUES ('good', 1), ('in_transit', -1)) AS leg (condition, sign)
          GROUP BY 1, 2, 3) AS total;
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
    origin custody_movement;
    back text := movements->0->>'movement';
BEGIN
    IF custody_seen(movements) THEN
        RETURN 0;
    END IF;
    SELECT * INTO origin FROM custody_movement WHERE movement = movements->0->>'return_of' FOR UPDATE;
    IF origin.movement IS NULL THEN
        RAISE EXCEPTION 'there is no movement %', movements->0->>'return_of'
            USING ERRCODE = 'BL502', HINT = 'look up what is on its way';
    END IF;
    IF EXISTS (SELECT FROM custody_movement_phase WHERE movement = origin.movement AND phase <> 'pending') THEN
        RAISE EXCEPTION 'movement % is settled', origin.movement
            USING ERRCODE = 'BL503', HINT = 'what was settled is corrected by a further movement';
    END IF;
    event := audit_record(operation, by_officer, at, row_count, root, reason, subject);
    PERFORM custody_journal(movements, l_movement, l_series, l_box, l_first, l_last, reason, event);
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
    box custody_box;
    item record;
BEGIN
    IF custody_seen(movements) THEN
        RETURN 0;
    END IF;
    PERFORM FROM custody_box AS b JOIN unnest(l_series, l_box) AS l (series, box_no) USING (series, box_no)
    ORDER BY b.series, b.box_no FOR UPDATE OF b;
    event := audit_record(operation, by_officer, at, row_count, root, reason, subject);
    PERFORM custody_journal(movements, l_movement, l_series, l_box, l_first, l_last, reason, event);
    FOR item IN
        SELECT l.*, m.kind, m.from_office AS office, m.condition_before, m.condition_after
        FROM unnest(l_movement, l_series, l_box, l_first, l_last) AS l (movement, series, box_no, first, last)
        JOIN custody_movement AS m USING (movement) ORDER BY l.series, l.box_no, l.first
    LOOP
        IF item.kind IN ('receipt', 'dispatch', 'return') THEN
            RAISE EXCEPTION '% is no change at an office', item.kind USING ERRCODE = 'BL513', HINT = 'dispatch it';
        END IF;
        SELECT * INTO box FROM custody_box WHERE series = item.series AND box_no = item.box_no;
        -- A sealed box can be opened, and it can be lost or spoiled as a whole; nobody prints from it.
        IF box.state = 'whole' AND box.office = item.office AND item.first = 1 AND item.last = box.size
            AND item.kind IN ('opening', 'loss', 'spoilage')
        THEN
            UPDATE custody_box SET state = 'opened', office = NULL, event_id = event
            WHERE series = item.series AND box_no = item.box_no;
        ELSIF item.kind = 'opening' AND box.state = 'opened' THEN
            RAISE EXCEPTION 'box %-% is opened', item.series, lpad(item.box_no::text, 6, '0')
                USING ERRCODE = 'BL508', HINT = 'name its blanks by their positions';
        ELSE
            PERFORM custody_take(item.series, item.box_no, item.first, item.last, item.office, NULL, item.condition_before);
        END IF;
        PERFORM custody_put(item.series, item.box_no, item.first, item.last, item.office, NULL, item.condition_after,
                            custody_regency(item.office), event);
    END LOOP;
    PERFORM custody_post(array_agg(office), array_agg(series), array_agg(condition), array_agg(delta), event)
    FROM (SELECT m.from_office AS office, l.series, leg.condition, sum(leg.sign * (l.last - l.first + 1)) AS delta
          FROM unnest(l_movement, l_series, l_first, l_last) AS l (movement, series, first, last)
          JOIN custody_movement AS m USING (movement)
          CROSS JOIN LATERAL (VALUES (m.condition_before, -1), (m.condition_after, 1)) AS leg (condition, sign)
          GROUP BY 1, 2, 3) AS total;
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
        WHERE b.state = 'whole' AND b.office = of_office
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
           WHERE office IS NOT NULL GROUP BY office) AS w ON w.office = b.office
GROUP BY b.office, b.regency;

-- Where each box or range of blanks is now.
CREATE VIEW custody_place WITH (security_invoker = true) AS
SELECT series, box_no, 1 AS first, size AS last, 'good' AS condition, office, movement, lot, true AS sealed
FROM custody_box WHERE state = 'whole'
UNION ALL
SELECT r.series, r.box_no, r.first, r.last, r.condition, r.office, r.movement, b.lot, false
FROM custody_range AS r JOIN custody_box AS b USING (series, box_no);

-- What was done to blanks at offices (printed, spoiled, issued, lost, ...), for who counts by office and day.
CREATE VIEW custody_change_made WITH (security_invoker = true) AS
SELECT from_office AS office, regency, kind, condition_before, condition_after, at, quantity, movement, event_id
FROM custody_movement
WHERE kind NOT IN ('receipt', 'dispatch', 'return', 'opening');
