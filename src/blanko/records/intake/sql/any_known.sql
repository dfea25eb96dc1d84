SELECT EXISTS (SELECT FROM {table} AS f JOIN intake_staging AS s ON {same})
