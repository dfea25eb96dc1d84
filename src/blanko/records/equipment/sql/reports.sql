SELECT office, reported_on, ribbon_cards, ink_cards, operators, operator_hours, print_hours
FROM intake_printing_report_latest
WHERE reported_on <= %(as_of)s
ORDER BY office, reported_on
