-- rules.queue_key over all offices.
SELECT c.person_id, c.recorded_office, c.record_id, c.regency, c.cause, c.since, c.print_ready_since, due.deadline,
       suket.holds AS holds_suket, r.version AS rule
FROM entitlement_card_owed AS c
CROSS JOIN issuance_rule_on(%(day)s) AS r
LEFT JOIN (SELECT regency, min(deadline) AS deadline FROM issuance_deadline
           WHERE published_on <= %(day)s AND deadline >= %(day)s GROUP BY regency) AS due ON due.regency = c.regency
CROSS JOIN LATERAL (SELECT EXISTS (SELECT FROM suket_held AS s WHERE s.person_id = c.person_id) AS holds) AS suket
WHERE c.state = 'print_ready'
ORDER BY due.deadline, (r.suket = 'first' AND suket.holds) DESC, c.print_ready_since, c.record_id, c.recorded_office
LIMIT %(limit)s
