SELECT custody_dispatch(
    %(movements)s::jsonb, %(movement)s::text[], %(series)s::text[], %(box_no)s::int[], %(first)s::int[], %(last)s::int[],
    %(legs)s::jsonb, %(operation)s, %(by)s, %(at)s, %(row_count)s, %(root)s, %(reason)s, %(subject)s::jsonb)
