SELECT registry_tell_followers(array_agg(person_id ORDER BY person_id), %(event)s) FROM registry_touched HAVING count(*) > 0
