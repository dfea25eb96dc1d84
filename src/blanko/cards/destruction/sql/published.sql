-- Each batch with the state that it is in, for the SQL of higher rooms.
CREATE VIEW destruction_batch_now WITH (security_invoker = true) AS
SELECT b.batch, b.office, b.regency, b.blanks, b.old_cards, b.method, b.place, b.at, s.after AS state, s.at AS since, s.paper_no
FROM destruction_batch AS b
JOIN LATERAL (SELECT * FROM destruction_step AS s WHERE s.batch = b.batch ORDER BY seq DESC LIMIT 1) AS s ON true;
