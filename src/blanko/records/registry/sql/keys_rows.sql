-- What registry_keying holds, in the columns of linkage and in one order.
SELECT g.recorded_office || '/' || g.record_id AS record_id, l.nik, l.name, l.birth_place, l.birth_date, l.sex,
       l.mother_name, l.address, l.village_code, l.recorded_office, l.family_card_no, l.version, g.held_rec, g.held_packed
FROM registry_keying AS g
JOIN intake_registration_latest AS l ON l.recorded_office = g.recorded_office AND l.record_id = g.record_id
ORDER BY g.recorded_office, g.record_id
