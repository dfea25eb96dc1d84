-- Persons whom a suket is due, in the order of the queue. What the paper says of them comes from their leading record.
SELECT c.person_id, c.recorded_office, c.record_id, c.regency, c.state, coalesce(r.nik, '') AS nik,
       coalesce(r.name, '') AS name, coalesce(f.birth_place, '') AS birth_place, r.birth_date, coalesce(r.sex, '') AS sex,
       coalesce(f.address, '') AS address
FROM entitlement_card_owed AS c
JOIN registry_record_current AS r ON r.recorded_office = c.recorded_office AND r.record_id = c.record_id
JOIN intake_registration_latest AS f ON f.recorded_office = c.recorded_office AND f.record_id = c.record_id
WHERE (c.person_id = %(person)s OR %(person)s IS NULL AND c.regency = %(office)s)
  AND (%(person)s IS NOT NULL OR c.state = ANY (%(states)s) AND NOT EXISTS (
      SELECT FROM registry_record_current AS own JOIN suket_live AS held
          ON held.recorded_office = own.recorded_office AND held.record_id = own.record_id
      WHERE own.person_id = c.person_id))
ORDER BY c.print_ready_since, c.since, c.record_id, c.recorded_office
LIMIT %(limit)s
