-- The newest version of every row, for the SQL of higher rooms.
CREATE VIEW intake_registration_latest AS
    SELECT r.* FROM intake_registration AS r
    WHERE NOT EXISTS (
        SELECT FROM intake_registration AS newer
        WHERE newer.recorded_office = r.recorded_office AND newer.record_id = r.record_id AND newer.version = r.version + 1
    );
CREATE VIEW intake_application_latest AS
    SELECT a.* FROM intake_application AS a
    WHERE NOT EXISTS (
        SELECT FROM intake_application AS newer
        WHERE newer.office = a.office AND newer.document_no = a.document_no AND newer.version = a.version + 1
    );
CREATE VIEW intake_death_latest AS
    SELECT d.* FROM intake_death AS d
    WHERE NOT EXISTS (
        SELECT FROM intake_death AS newer
        WHERE newer.office = d.office AND newer.document_no = d.document_no AND newer.version = d.version + 1
    );
-- Death documents whose newest version names somebody else than an earlier one did.
CREATE VIEW intake_death_renamed AS
    SELECT d.* FROM intake_death_latest AS d
    WHERE d.version > 1 AND EXISTS (
        SELECT FROM intake_death AS older
        WHERE older.office = d.office AND older.document_no = d.document_no AND older.version < d.version
          AND (older.nik, older.record_id, older.recorded_office) IS DISTINCT FROM (d.nik, d.record_id, d.recorded_office)
    );
CREATE VIEW intake_stock_count_latest AS
    SELECT s.* FROM intake_stock_count AS s
    WHERE NOT EXISTS (
        SELECT FROM intake_stock_count AS newer
        WHERE newer.office = s.office AND newer.counted_on = s.counted_on AND newer.version = s.version + 1
    );
CREATE VIEW intake_count_known AS
    SELECT c.* FROM intake_count AS c
    WHERE NOT EXISTS (
        SELECT FROM intake_count AS newer
        WHERE newer.area = c.area AND newer.metric = c.metric AND newer.date = c.date AND newer.source = c.source
          AND newer.kind = c.kind AND newer.version = c.version + 1
    );
CREATE VIEW intake_printer_state_latest AS
    SELECT p.* FROM intake_printer_state AS p
    WHERE NOT EXISTS (
        SELECT FROM intake_printer_state AS newer
        WHERE newer.printer = p.printer AND newer.since = p.since AND newer.version = p.version + 1
    );
CREATE VIEW intake_printing_report_latest AS
    SELECT r.* FROM intake_printing_report AS r
    WHERE NOT EXISTS (
        SELECT FROM intake_printing_report AS newer
        WHERE newer.office = r.office AND newer.reported_on = r.reported_on AND newer.version = r.version + 1
    );
CREATE VIEW intake_biometric_latest AS
    SELECT b.* FROM intake_biometric AS b
    WHERE NOT EXISTS (
        SELECT FROM intake_biometric AS newer
        WHERE newer.recorded_office = b.recorded_office AND newer.record_id = b.record_id
          AND newer.decided_at = b.decided_at AND newer.version = b.version + 1
    );
CREATE VIEW intake_file_list AS
    SELECT id, sha256, name, kind, format, read, accepted, unchanged, refused, warnings, rejects, loaded_at, loaded_by
    FROM intake_file;

-- A registration that a counter stores, without a file, under an event of the caller who sealed it.
CREATE FUNCTION intake_capture(captured jsonb, of_event bigint) RETURNS void
    LANGUAGE sql SET search_path = public, pg_temp AS $$
    INSERT INTO intake_registration (recorded_office, record_id, nik, name, birth_place, birth_date, sex, mother_name, address,
        village_code, recorded_on, marital_status, status, status_since, card_issued_on, suket_no, family_card_no, regency,
        warnings, row_no, version, file_id, event_id)
    SELECT recorded_office, record_id, nik, name, birth_place, birth_date, sex, mother_name, address, village_code,
        recorded_on, marital_status, status, status_since, card_issued_on, suket_no, family_card_no, regency, warnings, 0,
        version, 0, of_event
    FROM jsonb_to_record(captured) AS c (recorded_office text, record_id text, nik text, name text, birth_place text,
        birth_date date, sex text, mother_name text, address text, village_code text, recorded_on date, marital_status text,
        status text, status_since date, card_issued_on date, suket_no text, family_card_no text, regency text,
        warnings text[], version int)
$$;
