SELECT registry_tell_followers(array_agg(recorded_office), array_agg(record_id), array_agg(person_id), %(event)s)
FROM (SELECT r.recorded_office, r.record_id, r.person_id
      FROM registry_record AS r JOIN registry_touched AS t ON t.person_id = r.person_id
      ORDER BY r.recorded_office, r.record_id) AS told
HAVING count(*) > 0
