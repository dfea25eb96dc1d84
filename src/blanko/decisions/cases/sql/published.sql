-- Cases as they stand, for who counts them.
CREATE VIEW cases_now WITH (security_invoker = true) AS
SELECT case_no, kind, office, office AS regency, weight, pattern, opened_on, records, state, outcome, due, group_no
FROM cases_standing;
