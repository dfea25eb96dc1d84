-- A print of the blanks of a range: the print of a range is the sum of those of its parts, and another set of blanks has
-- another print (but for one in two thousand million). Nobody knows the salt before the run, so nobody can prepare a set.
CREATE FUNCTION counting_print(series text, box_no int, first int, last int, salt bigint) RETURNS int
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT ((hashint8extended(box_no::bigint << 16 | last, hashtextextended(series, salt)) >> 33)
            - (hashint8extended(box_no::bigint << 16 | (first - 1), hashtextextended(series, salt)) >> 33))::int
$$;
