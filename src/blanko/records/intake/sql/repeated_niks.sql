-- A NIK on several rows of the file is kept with a warning: NIKs clash, and one person may be recorded twice.
UPDATE intake_staging SET warnings = array_append(warnings, 'nik_repeated') WHERE row_no = ANY(%s)
