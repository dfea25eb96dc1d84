SELECT leg, mode, from_place, to_place, carrier, answerable, assignment_no, identity_checked, seals, due_at
FROM custody_leg WHERE movement = %(movement)s ORDER BY leg
