-- Binds the running transaction to an active officer or service, for a call that is its own transaction.
CREATE FUNCTION access_act(as_officer text) RETURNS text
    LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM set_config('blanko.principal', u.username, true) FROM access_user AS u
    WHERE u.username = as_officer AND u.is_active;
    IF NOT FOUND THEN
        RAISE EXCEPTION '% is no officer or service here', quote_literal(as_officer)
            USING ERRCODE = 'BL301', HINT = 'use the username of an active officer';
    END IF;
    RETURN as_officer;
END
$$;
