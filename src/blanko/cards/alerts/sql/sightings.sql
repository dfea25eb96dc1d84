-- Blanks that receivers had in the hand and that were not of their consignment.
SELECT movement, number, office, identifier, at, by
FROM custody_discrepancy_now
WHERE kind IN ('surplus', 'wrong_office') AND at > %(since)s AND at <= %(until)s
ORDER BY movement, number
