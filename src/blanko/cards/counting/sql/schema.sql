SELECT audit_guard(t) FROM unnest(ARRAY[
    'counting_reconcile', 'counting_difference', 'counting_count', 'counting_book', 'counting_hand', 'counting_sheet',
    'counting_sheet_line', 'counting_decision', 'counting_sample', 'counting_sample_result']::regclass[]) AS t;

ALTER TABLE counting_open ADD FOREIGN KEY (count) REFERENCES counting_count (count);
ALTER TABLE counting_book ADD FOREIGN KEY (count) REFERENCES counting_count (count);
ALTER TABLE counting_hand ADD FOREIGN KEY (count) REFERENCES counting_count (count);
-- A sheet is a counter's, and follows the sheet of the round before, which was another person's (counting_sheet_another_person).
ALTER TABLE counting_sheet
    ADD CONSTRAINT counting_sheet_hand FOREIGN KEY (count, by, part) REFERENCES counting_hand (count, person, part),
    ADD CONSTRAINT counting_sheet_before FOREIGN KEY (count, before_round, before_by)
        REFERENCES counting_sheet (count, round, by);
ALTER TABLE counting_sheet_line
    ADD FOREIGN KEY (count, round) REFERENCES counting_sheet (count, round),
    -- No blank twice on a sheet.
    ADD CONSTRAINT counting_line_once EXCLUDE USING gist (
        count WITH =, round WITH =, series WITH =, box_no WITH =, int4range(first, last, '[]') WITH &&);
-- One part a person and count (counting_hand's key): who counted cannot approve, and who decided cannot count.
ALTER TABLE counting_decision
    ADD CONSTRAINT counting_decision_hand FOREIGN KEY (count, by, part) REFERENCES counting_hand (count, person, part),
    -- Nobody approves what only one person saw: a confirmed sheet stands behind it.
    ADD COLUMN outcome text COLLATE "C" GENERATED ALWAYS AS (CASE decision WHEN 'approved' THEN 'confirmed' END) STORED;
ALTER TABLE counting_sheet ADD CONSTRAINT counting_sheet_of_outcome UNIQUE (count, round, outcome);
ALTER TABLE counting_decision
    ADD CONSTRAINT counting_decision_confirmed FOREIGN KEY (count, round, outcome)
        REFERENCES counting_sheet (count, round, outcome);
ALTER TABLE counting_sample_result ADD FOREIGN KEY (sample) REFERENCES counting_sample (sample);

-- A count that has ended takes no further sheet.
CREATE FUNCTION counting_still_open() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM counting_open WHERE count = NEW.count) THEN
        RAISE EXCEPTION 'count % has ended', NEW.count
            USING ERRCODE = 'check_violation', CONSTRAINT = 'counting_ended', HINT = 'begin another count';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER counting_sheet_of_open BEFORE INSERT ON counting_sheet
    FOR EACH ROW EXECUTE FUNCTION counting_still_open();
CREATE TRIGGER counting_decision_of_open BEFORE INSERT ON counting_decision
    FOR EACH ROW EXECUTE FUNCTION counting_still_open();
