-- Persons whom one cluster now holds together.
SELECT array_agg(DISTINCT r.person_id ORDER BY r.person_id)
FROM registry_cluster AS c
JOIN registry_record AS r ON r.recorded_office = c.recorded_office AND r.record_id = c.record_id
GROUP BY c.cluster
HAVING count(DISTINCT r.person_id) > 1
