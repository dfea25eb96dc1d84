SELECT number, serial, kind, reason, person_id, office, replaced_by, by, given_on FROM issuance_old_card
WHERE office = %(office)s ORDER BY given_on DESC, number LIMIT %(limit)s
