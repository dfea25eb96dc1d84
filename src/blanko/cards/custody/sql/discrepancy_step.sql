SELECT custody_discrepancy_step_on(
    %(movement)s, %(number)s, %(step)s, %(owner)s, %(resolution)s, %(note)s, %(by)s,
    %(operation)s, %(by)s, %(at)s, %(row_count)s, %(root)s, %(reason)s, %(subject)s::jsonb)
