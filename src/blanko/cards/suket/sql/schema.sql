SELECT audit_guard('suket_certificate');
SELECT audit_guard('suket_end');
-- Who ends a suket, ends one that is there; a renewal renews one that is there.
ALTER TABLE suket_end ADD FOREIGN KEY (number) REFERENCES suket_certificate;
ALTER TABLE suket_live ADD FOREIGN KEY (number) REFERENCES suket_certificate;

-- A suket that ended does not live, and one that lives did not end: whatever order the two are written in.
CREATE FUNCTION suket_check_live() RETURNS trigger
    LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM suket_live AS l JOIN suket_end AS e ON e.number = l.number WHERE l.number = NEW.number) THEN
        RAISE EXCEPTION 'suket % has ended', NEW.number USING ERRCODE = 'BL601', HINT = 'issue another one';
    END IF;
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER suket_live_not_ended AFTER INSERT OR UPDATE ON suket_live DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION suket_check_live();
CREATE CONSTRAINT TRIGGER suket_end_not_live AFTER INSERT ON suket_end DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION suket_check_live();

-- The registry tells whose records changed hands: their sukets go with them, and of two the one that is valid longer
-- counts, that of the leading record before others.
CREATE FUNCTION suket_follow_persons(persons bigint[], of_event bigint) RETURNS void
    LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    moved bigint[];
BEGIN
    WITH gone AS (
        UPDATE suket_live AS s SET person_id = r.person_id, counts = false, event_id = of_event
        FROM registry_record_current AS r
        WHERE s.person_id = ANY (persons) AND r.recorded_office = s.recorded_office AND r.record_id = s.record_id
          AND r.person_id <> s.person_id
        RETURNING s.person_id
    )
    SELECT array_agg(DISTINCT person_id) INTO moved FROM gone;
    FOR turn IN 0..1 LOOP
        UPDATE suket_live AS s SET counts = k.counts, event_id = of_event
        FROM (SELECT h.number, row_number() OVER (
                  PARTITION BY h.person_id ORDER BY NOT r.is_lead, h.valid_until DESC NULLS LAST, h.number) = 1 AS counts
              FROM suket_live AS h
              JOIN registry_record_current AS r ON r.recorded_office = h.recorded_office AND r.record_id = h.record_id
              WHERE h.person_id = ANY (persons || coalesce(moved, '{}'))) AS k
        WHERE k.number = s.number AND s.counts <> k.counts AND k.counts = (turn = 1);
    END LOOP;
END
$$;
SELECT registry_follow('suket_follow_persons');
