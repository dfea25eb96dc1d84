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
