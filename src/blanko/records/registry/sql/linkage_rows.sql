-- The newest version of every record in the columns of linkage (engines.linkage.columns).
SELECT r.recorded_office || '/' || r.record_id AS record_id, l.nik, l.name, l.birth_place, l.birth_date, l.sex, l.mother_name,
       l.address, l.village_code, l.recorded_office, l.family_card_no
FROM registry_record AS r
JOIN intake_registration_latest AS l ON l.recorded_office = r.recorded_office AND l.record_id = r.record_id
