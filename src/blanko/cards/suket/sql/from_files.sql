-- Numbers that registration files brought, of persons who still wait for a card and hold no suket here. A number that
-- stands on two records is nobody's.
SELECT f.suket_no AS number, c.regency AS office, c.person_id, c.recorded_office, c.record_id, c.state,
       coalesce(r.nik, '') AS nik, coalesce(r.name, '') AS name, coalesce(f.birth_place, '') AS birth_place, r.birth_date,
       coalesce(r.sex, '') AS sex, coalesce(f.address, '') AS address
FROM entitlement_card_owed AS c
JOIN registry_record_current AS r ON r.recorded_office = c.recorded_office AND r.record_id = c.record_id
JOIN intake_registration_latest AS f ON f.recorded_office = c.recorded_office AND f.record_id = c.record_id
WHERE f.suket_no <> '' AND NOT c.deceased
  AND NOT EXISTS (SELECT FROM suket_certificate AS known WHERE known.number = f.suket_no)
  AND NOT EXISTS (
      SELECT FROM registry_record_current AS own JOIN suket_live AS held
          ON held.recorded_office = own.recorded_office AND held.record_id = own.record_id
      WHERE own.person_id = c.person_id)
  AND NOT EXISTS (
      SELECT FROM intake_registration_latest AS twin
      WHERE twin.suket_no = f.suket_no AND (twin.recorded_office, twin.record_id) <> (f.recorded_office, f.record_id))
ORDER BY f.suket_no
