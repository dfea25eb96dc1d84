SELECT custody_settle(%(phases)s::jsonb, %(operation)s, %(by)s, %(at)s, %(row_count)s, %(root)s, %(reason)s, %(subject)s::jsonb)
