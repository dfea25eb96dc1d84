SELECT custody_manifest_store(
    %(manifest)s::jsonb, %(series)s, %(size)s, %(first_box)s, %(chips)s::int[], %(digests)s::text[],
    'custody.load_manifest', %(by)s, %(at)s, %(row_count)s, %(root)s, '', %(subject)s::jsonb)
