-- One file's rows before anybody has seen them. {columns} are the kind's own.
CREATE TEMP TABLE intake_staging ON COMMIT DROP AS
    SELECT {columns}, regency, warnings, row_no FROM {table} WITH NO DATA
