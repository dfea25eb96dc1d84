UPDATE registry_regrouped AS g SET grp = k.grp
FROM registry_record_closed AS c
JOIN registry_regrouped AS k ON k.recorded_office = c.kept_office AND k.record_id = c.kept_id
WHERE g.recorded_office = c.recorded_office AND g.record_id = c.record_id AND g.grp <> k.grp
