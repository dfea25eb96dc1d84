SELECT w.serial, w.person_id, w.since AS printed_at, r.name, r.nik
FROM issuance_waiting AS w
LEFT JOIN registry_record_current AS r ON r.person_id = w.person_id AND r.is_lead
WHERE w.office = %(office)s AND w.state = 'printed'
ORDER BY w.since, w.serial LIMIT %(limit)s
