-- Figures for higher rooms and for the takeover's export: every version of every figure.
CREATE VIEW transparency_figure_published WITH (security_invoker = true) AS
SELECT name, area, regency, unit, value, numerator, denominator, date, source, kind, known_on, arithmetic, inputs, event_id
FROM transparency_figure;
GRANT SELECT ON transparency_figure_published TO blanko_app;
