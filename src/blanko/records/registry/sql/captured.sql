-- What linkage says of a stored record now, and its person.
SELECT r.person_id, r.cluster_size,
       EXISTS (SELECT FROM registry_keyed AS k
               WHERE k.recorded_office = r.recorded_office AND k.record_id = r.record_id),
       EXISTS (SELECT FROM registry_match AS m
               WHERE m.decided = 'review' AND m.left_office = r.recorded_office AND m.left_id = r.record_id)
       OR EXISTS (SELECT FROM registry_match AS m
                  WHERE m.decided = 'review' AND m.right_office = r.recorded_office AND m.right_id = r.record_id)
FROM registry_record AS r
WHERE r.recorded_office = %(office)s AND r.record_id = %(record)s
