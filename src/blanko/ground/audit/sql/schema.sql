-- Events are written by audit_record alone, so that nobody can choose the transaction an event belongs to.
REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON audit_event FROM blanko_app;

ALTER TABLE audit_event ADD CONSTRAINT audit_event_root_is_sha256 CHECK (octet_length(root) = 32);

CREATE FUNCTION audit_require_event() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    -- All rows of the statement at once: a trigger per row would double the time of bulk work.
    IF EXISTS (
        SELECT FROM (SELECT DISTINCT event_id FROM added) AS used
        LEFT JOIN audit_event AS e
            ON e.id = used.event_id AND e.xact = pg_current_xact_id()::text::bigint
        WHERE e.id IS NULL
    ) THEN
        RAISE EXCEPTION 'rows of % name no audit event of this transaction', TG_TABLE_NAME
            USING ERRCODE = 'BL001', HINT = 'record the event first, in the same transaction';
    END IF;
    RETURN NULL;
END
$$;
