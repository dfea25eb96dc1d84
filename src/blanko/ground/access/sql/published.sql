-- Binds the running transaction to an active officer or service, for a call that is its own transaction.
CREATE FUNCTION access_act(as_officer text) RETURNS text
    LANGUAGE plpgsql AS $$
DECLARE
    known text;
BEGIN
    SELECT u.username INTO known FROM public.access_user AS u WHERE u.username = as_officer AND u.is_active;
    IF NOT FOUND THEN
        RAISE EXCEPTION '% is no officer or service here', quote_literal(as_officer)
            USING ERRCODE = 'BL301', HINT = 'use the username of an active officer';
    END IF;
    RETURN set_config('blanko.principal', known, true);
END
$$;
