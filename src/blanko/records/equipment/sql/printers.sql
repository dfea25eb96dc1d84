SELECT printer, office, state, since, cards_an_hour, note
FROM intake_printer_state_latest
WHERE since <= %(as_of)s
ORDER BY printer, since
