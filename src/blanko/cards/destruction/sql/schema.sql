SELECT audit_guard(t) FROM unnest(ARRAY[
    'destruction_old_card', 'destruction_batch', 'destruction_witness', 'destruction_photo', 'destruction_hold',
    'destruction_hold_lifted', 'destruction_step']::regclass[]) AS t;
REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON destruction_lawful FROM blanko_app;

-- The table LAWFUL of rules.py; a test shows that they are equal.
INSERT INTO destruction_lawful (before, step, after) VALUES
    ('', 'assemble', 'assembled'),
    ('assembled', 'destroy', 'destroyed'),
    ('assembled', 'cancel', 'cancelled');

ALTER TABLE destruction_batch_blanks
    ADD FOREIGN KEY (batch) REFERENCES destruction_batch,
    -- No blank lies in two batches.
    ADD CONSTRAINT destruction_blank_once EXCLUDE USING gist (
        series WITH =, box_no WITH =, int4range(first, last, '[]') WITH &&);
ALTER TABLE destruction_batch_card
    ADD FOREIGN KEY (batch) REFERENCES destruction_batch,
    ADD CONSTRAINT destruction_card_registered FOREIGN KEY (number) REFERENCES destruction_old_card;
ALTER TABLE destruction_witness ADD FOREIGN KEY (batch) REFERENCES destruction_batch;
ALTER TABLE destruction_photo ADD FOREIGN KEY (batch) REFERENCES destruction_batch;
ALTER TABLE destruction_hold_lifted
    ADD CONSTRAINT destruction_lift_of_hold FOREIGN KEY (hold) REFERENCES destruction_hold;
ALTER TABLE destruction_step
    ADD FOREIGN KEY (batch) REFERENCES destruction_batch,
    ADD CONSTRAINT destruction_step_lawful FOREIGN KEY (before, step, after) REFERENCES destruction_lawful,
    -- Each step starts where the one before it ended; two at once cannot both be the next one.
    ADD CONSTRAINT destruction_step_before FOREIGN KEY (batch, before_seq, before)
        REFERENCES destruction_step (batch, seq, after),
    ADD CONSTRAINT destruction_step_witness_one FOREIGN KEY (batch, witness_one, body_one)
        REFERENCES destruction_witness (batch, number, body_key),
    ADD CONSTRAINT destruction_step_witness_two FOREIGN KEY (batch, witness_two, body_two)
        REFERENCES destruction_witness (batch, number, body_key),
    ADD CONSTRAINT destruction_step_photo FOREIGN KEY (batch, photo) REFERENCES destruction_photo (batch, sha256);

-- What a hold forbids is not destroyed. Holds and destructions take turns by one lock, so that neither overlooks the other.
CREATE FUNCTION destruction_not_held() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    found text;
BEGIN
    PERFORM pg_advisory_xact_lock(1365, 0);
    SELECT h.hold INTO found
    FROM destruction_hold AS h
    JOIN destruction_batch AS b ON b.batch = NEW.batch
    WHERE NOT EXISTS (SELECT FROM destruction_hold_lifted AS l WHERE l.hold = h.hold)
      AND (h.batch = b.batch OR h.office = b.office
           OR EXISTS (SELECT FROM destruction_batch_blanks AS x
                      WHERE x.batch = b.batch AND x.series = h.series AND x.box_no = h.box_no))
    ORDER BY h.at LIMIT 1;
    IF found IS NOT NULL THEN
        RAISE EXCEPTION 'batch % is under hold %', NEW.batch, found
            USING ERRCODE = 'check_violation', CONSTRAINT = 'destruction_held', HINT = 'two officers lift the hold first';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER destruction_step_not_held BEFORE INSERT ON destruction_step
    FOR EACH ROW WHEN (NEW.step = 'destroy') EXECUTE FUNCTION destruction_not_held();

CREATE FUNCTION destruction_take_turns() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(1365, 0);
    RETURN NEW;
END
$$;
CREATE TRIGGER destruction_hold_takes_turns BEFORE INSERT ON destruction_hold
    FOR EACH ROW EXECUTE FUNCTION destruction_take_turns();
