SELECT custody_receive_found(
    %(phases)s::jsonb, %(discrepancies)s::jsonb,
    %(movements)s::jsonb, %(movement)s::text[], %(series)s::text[], %(box_no)s::int[], %(first)s::int[], %(last)s::int[],
    %(operation)s, %(by)s, %(at)s, %(row_count)s, %(root)s, %(reason)s, %(subject)s::jsonb)
