-- Every person to whom a card is owed, with what blocks it. state = 'print_ready' is what a blank can clear.
CREATE VIEW entitlement_card_owed WITH (security_invoker = true) AS
SELECT person_id, recorded_office, record_id, regency, state, stage, cause, since, owed_from, print_ready_since, blocks,
       deceased
FROM entitlement_claim;
