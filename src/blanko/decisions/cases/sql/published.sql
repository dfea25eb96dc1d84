-- Cases as they stand, for who counts them.
CREATE VIEW cases_now WITH (security_invoker = true) AS
SELECT case_no, kind, office, office AS regency, weight, pattern, opened_on, records, state, outcome, due, group_no
FROM cases_standing;

-- The records that cases ask about which wait.
CREATE VIEW cases_asked WITH (security_invoker = true) AS
SELECT m.case_no, m.recorded_office, m.record_id
FROM cases_member AS m JOIN cases_standing AS s ON s.case_no = m.case_no
WHERE s.state IN ('open', 'asked', 'second');
