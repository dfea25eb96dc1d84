SELECT audit_guard(t) FROM unnest(ARRAY['cases_case', 'cases_member', 'cases_step', 'cases_sample', 'cases_death_objection', 'cases_death_notice']::regclass[]) AS t;

CREATE SEQUENCE cases_number;
CREATE SEQUENCE cases_group_number;
CREATE SEQUENCE cases_notice_number;
GRANT USAGE, SELECT ON SEQUENCE cases_number, cases_group_number, cases_notice_number TO blanko_app;

-- What was settled under two names: the officer who signs second is another than the one who decided.
CREATE FUNCTION cases_check_second() RETURNS trigger
    LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    wrong bigint;
BEGIN
    SELECT a.case_no INTO wrong
    FROM added AS a
    JOIN cases_step AS p ON p.case_no = a.case_no AND p.seq = a.seq - 1 AND p.step = 'propose'
    WHERE a.step = 'settle' AND a.by = p.by
    ORDER BY a.case_no LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'case % was decided and signed by one officer', wrong
            USING ERRCODE = 'BL901', HINT = 'let another officer sign';
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER cases_step_second AFTER INSERT ON cases_step REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION cases_check_second();

CREATE FUNCTION cases_sign(one text, other text) RETURNS text
    LANGUAGE sql IMMUTABLE SET search_path = public, pg_temp AS $$
    SELECT CASE WHEN one IS NULL OR other IS NULL THEN '-' WHEN upper(one) = upper(other) THEN '=' ELSE 'x' END
$$;

-- Which fields of two records differ, in a form that cases with the same mistake share.
CREATE FUNCTION cases_pattern(niks text[], names text[], births date[], sexes text[], regencies text[]) RETURNS text
    LANGUAGE sql IMMUTABLE SET search_path = public, pg_temp AS $$
    SELECT 'nik' || cases_sign(niks[1], niks[2])
        -- Names with a word in common are another mistake than names without one.
        || ' name' || CASE WHEN upper(names[1]) <> upper(names[2])
                            AND string_to_array(upper(names[1]), ' ') && string_to_array(upper(names[2]), ' ')
                           THEN '~' ELSE cases_sign(names[1], names[2]) END
        || ' birth' || CASE WHEN births[1] <> births[2] AND extract(year FROM births[1]) = extract(year FROM births[2])
                             AND extract(day FROM births[1]) = extract(month FROM births[2])
                             AND extract(month FROM births[1]) = extract(day FROM births[2])
                            THEN 's' ELSE cases_sign(births[1]::text, births[2]::text) END
        || ' sex' || cases_sign(sexes[1], sexes[2]) || ' regency' || cases_sign(regencies[1], regencies[2])
$$;
