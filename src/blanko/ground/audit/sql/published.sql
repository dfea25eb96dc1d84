-- What other rooms may call.

-- Writes an event. For functions that run as the owner already; everybody else calls audit_record.
CREATE FUNCTION audit_write(
    operation text, by_officer text, at timestamptz, row_count bigint, root bytea, reason text, subject jsonb
) RETURNS bigint
    LANGUAGE plpgsql AS $$
DECLARE
    event bigint;
    acting text := current_setting('blanko.principal', true);
BEGIN
    IF acting IS NULL OR acting = '' THEN
        RAISE EXCEPTION 'no principal is acting in this transaction'
            USING ERRCODE = 'BL002', HINT = 'open the transaction with access.acting';
    END IF;
    INSERT INTO audit_event (operation, by, at, row_count, root, reason, subject, principal, xact, written_at)
    VALUES (operation, by_officer, at, row_count, root, reason, subject, acting,
            pg_current_xact_id()::text::bigint, clock_timestamp())
    RETURNING id INTO event;
    -- The short cut of audit_guard_own.
    acting := set_config('blanko.event', event::text, true);
    RETURN event;
END
$$;
REVOKE EXECUTE ON FUNCTION audit_write FROM PUBLIC;

CREATE FUNCTION audit_record(
    operation text, by_officer text, at timestamptz, row_count bigint, root bytea, reason text, subject jsonb
) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    RETURN audit_write(operation, by_officer, at, row_count, root, reason, subject);
END
$$;

-- Makes a table of facts append-only for the app and ties each of its rows to an event of its own transaction.
CREATE FUNCTION audit_guard(guarded regclass) RETURNS void
    LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('REVOKE UPDATE, DELETE, TRUNCATE ON %s FROM blanko_app', guarded);
    -- Append-only rows lie in the order of their events, so that a BRIN index finds an event's rows almost for free.
    EXECUTE format('CREATE INDEX %I ON %s USING brin (event_id)', guarded::text || '_event_id_brin', guarded);
    EXECUTE format(
        'CREATE TRIGGER audit_event_required AFTER INSERT ON %s REFERENCING NEW TABLE AS added '
        'FOR EACH STATEMENT EXECUTE FUNCTION audit_require_event()', guarded);
END
$$;
REVOKE EXECUTE ON FUNCTION audit_guard(regclass) FROM PUBLIC;

-- The same for a table that only functions of its room write, one row or a few at a time. The transaction remembers its
-- last event; a row of that event passes at the price of a comparison, and only another one is looked up. (Whoever
-- forges that memory has no right to insert here.)
CREATE FUNCTION audit_guard_own(guarded regclass) RETURNS void
    LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON %s FROM blanko_app', guarded);
    EXECUTE format('CREATE INDEX %I ON %s USING brin (event_id)', guarded::text || '_event_id_brin', guarded);
    EXECUTE format(
        'CREATE TRIGGER audit_event_required BEFORE INSERT ON %s FOR EACH ROW '
        'WHEN (NEW.event_id::text IS DISTINCT FROM current_setting(''blanko.event'', true)) '
        'EXECUTE FUNCTION audit_require_event_of_row()', guarded);
END
$$;
REVOKE EXECUTE ON FUNCTION audit_guard_own(regclass) FROM PUBLIC;
