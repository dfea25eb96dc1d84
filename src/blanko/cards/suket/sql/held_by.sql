-- Sukets that these persons hold, also under ids that they had before; locked until the transaction ends.
SELECT s.number, r.person_id
FROM registry_record_current AS r
JOIN suket_live AS s ON s.recorded_office = r.recorded_office AND s.record_id = r.record_id
WHERE r.person_id = ANY (%(persons)s)
ORDER BY s.number FOR UPDATE OF s
