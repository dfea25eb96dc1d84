-- Sukets that count, each with its person as it is known today.
CREATE VIEW suket_held WITH (security_invoker = true) AS
SELECT s.number, r.person_id, s.recorded_office, s.record_id, s.office, s.office AS regency, s.reason, s.birth_date,
       s.issued_on, s.valid_until, s.counts
FROM suket_live AS s
JOIN registry_record_current AS r ON r.recorded_office = s.recorded_office AND r.record_id = s.record_id;

-- Sukets that count on a day by regency and by how long they are out (rules.AGES), for planning and for public figures.
CREATE FUNCTION suket_open(on_day date) RETURNS TABLE (regency text, age text, holders bigint)
    LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
    SELECT office,
           CASE WHEN issued_on IS NULL THEN 'unknown'
                WHEN valid_until < on_day THEN 'expired'
                WHEN issued_on > on_day - interval '1 month' THEN 'under_1'
                WHEN issued_on > on_day - interval '3 months' THEN '1_to_3'
                ELSE '3_to_6' END,
           count(*)
    FROM suket_live GROUP BY 1, 2
$$;

-- Sukets that were issued, for who counts by office and day; without names.
CREATE VIEW suket_issued WITH (security_invoker = true) AS
SELECT number, office, office AS regency, reason, issued_on, valid_until, renews, taken_over, event_id FROM suket_certificate;
