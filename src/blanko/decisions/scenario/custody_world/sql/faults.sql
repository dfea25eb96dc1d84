-- Only in a simulation's database: strikes before the n-th writing statement of a session that asked for it.
-- A sequence counts, because it alone goes on counting when a savepoint is rolled back.
CREATE SEQUENCE simulator_statement;
GRANT USAGE, UPDATE, SELECT ON SEQUENCE simulator_statement TO blanko_app;

CREATE FUNCTION simulator_strike() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    wanted text := current_setting('blanko.fault');
BEGIN
    IF nextval('simulator_statement') <> split_part(wanted, ':', 1)::bigint THEN
        RETURN NULL;
    END IF;
    CASE split_part(wanted, ':', 2)
        WHEN 'kill' THEN
            PERFORM pg_terminate_backend(pg_backend_pid());
            PERFORM pg_sleep(5);
        WHEN 'conflict' THEN
            RAISE EXCEPTION 'injected conflict' USING ERRCODE = '40001';
        ELSE
            RAISE EXCEPTION 'injected fault' USING ERRCODE = 'BLF01';
    END CASE;
    RETURN NULL;
END
$$;

DO $$
DECLARE
    struck regclass;
BEGIN
    FOR struck IN SELECT c.oid::regclass FROM pg_class AS c
                  WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace
                    AND (c.relname LIKE 'custody\_%' OR c.relname LIKE 'issuance\_%' OR c.relname IN ('audit_event', 'registry_status'))
    LOOP
        EXECUTE format(
            'CREATE TRIGGER simulator_strike BEFORE INSERT OR UPDATE OR DELETE ON %s FOR EACH STATEMENT '
            'WHEN (current_setting(''blanko.fault'', true) <> '''') EXECUTE FUNCTION simulator_strike()', struck);
    END LOOP;
END
$$;
