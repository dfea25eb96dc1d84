-- What registry_keying holds, each of linkage's columns as one text: a hundred thousand lines would cost more than the work.
-- No cell of a registration holds the unit separator.
SELECT count(*), string_agg(recorded_office, E'\x1f'), string_agg(record_id, E'\x1f'), string_agg(version::text, E'\x1f'),
       string_agg(coalesce(nik, ''), E'\x1f'), string_agg(coalesce(name, ''), E'\x1f'),
       string_agg(coalesce(birth_place, ''), E'\x1f'), string_agg(coalesce(birth_date::text, ''), E'\x1f'),
       string_agg(coalesce(sex, ''), E'\x1f'), string_agg(coalesce(mother_name, ''), E'\x1f'),
       string_agg(coalesce(address, ''), E'\x1f'), string_agg(coalesce(village_code, ''), E'\x1f'),
       string_agg(coalesce(family_card_no, ''), E'\x1f')
FROM (
    SELECT g.recorded_office, g.record_id, l.version, l.nik, l.name, l.birth_place, l.birth_date, l.sex, l.mother_name,
           l.address, l.village_code, l.family_card_no
    FROM registry_keying AS g
    JOIN intake_registration_latest AS l ON l.recorded_office = g.recorded_office AND l.record_id = g.record_id
    ORDER BY g.recorded_office, g.record_id
) AS o
