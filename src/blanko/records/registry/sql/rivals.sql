-- Persons whom one cluster now holds together, unless somebody told two of them apart.
SELECT g.persons
FROM (
    SELECT array_agg(DISTINCT r.person_id ORDER BY r.person_id) AS persons
    FROM registry_cluster AS c
    JOIN registry_record AS r ON r.recorded_office = c.recorded_office AND r.record_id = c.record_id
    GROUP BY c.cluster
    HAVING count(DISTINCT r.person_id) > 1
) AS g
WHERE NOT EXISTS (
    SELECT FROM registry_pair_verdict_standing AS v
    JOIN registry_record AS one ON one.recorded_office = v.left_office AND one.record_id = v.left_id
    JOIN registry_record AS other ON other.recorded_office = v.right_office AND other.record_id = v.right_id
    WHERE v.verdict = 'different' AND one.person_id = ANY (g.persons) AND other.person_id = ANY (g.persons)
)
