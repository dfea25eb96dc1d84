-- Events are written by audit_record alone, so that nobody can choose the transaction an event belongs to.
REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON audit_event FROM blanko_app;

ALTER TABLE audit_event ADD CONSTRAINT audit_event_root_is_sha256 CHECK (octet_length(root) = 32);

CREATE FUNCTION audit_require_event() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    used bigint;
BEGIN
    -- All rows of the statement at once: a trigger per row would double the time of bulk work. A statement's rows name
    -- one event, or a few: each is looked up by its key, whatever the size of the log.
    FOR used IN SELECT DISTINCT event_id FROM added LOOP
        PERFORM FROM audit_event AS e WHERE e.id = used AND e.xact = pg_current_xact_id()::text::bigint;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'rows of % name no audit event of this transaction', TG_TABLE_NAME
                USING ERRCODE = 'BL001', HINT = 'record the event first, in the same transaction';
        END IF;
    END LOOP;
    RETURN NULL;
END
$$;

CREATE FUNCTION audit_require_event_of_row() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM FROM audit_event AS e WHERE e.id = NEW.event_id AND e.xact = pg_current_xact_id()::text::bigint;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'rows of % name no audit event of this transaction', TG_TABLE_NAME
            USING ERRCODE = 'BL001', HINT = 'record the event first, in the same transaction';
    END IF;
    RETURN NEW;
END
$$;
