-- Offices and regencies for the SQL of higher rooms.
CREATE VIEW places_office_list AS SELECT code, name, kind, regency, province, transport_days FROM places_office;
CREATE VIEW places_regency_2017 AS
    SELECT code, name, parent AS province FROM places_area
    WHERE level = 'regency' AND code = regency AND valid_from <= DATE '2017-04-04'
      AND (valid_to IS NULL OR valid_to >= DATE '2017-04-04');
