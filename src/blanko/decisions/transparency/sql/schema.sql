SELECT audit_guard('transparency_figure');

-- The number that a figure is named after follows from its two parts; nobody can publish another one.
ALTER TABLE transparency_figure ADD CONSTRAINT transparency_figure_value_follows CHECK (
    CASE unit
        WHEN 'count' THEN value = numerator
        WHEN 'share' THEN value = round(numerator::numeric / denominator, 4)
        ELSE false
    END
);

-- A computed figure shows how: arithmetic and inputs come together or not at all.
ALTER TABLE transparency_figure ADD CONSTRAINT transparency_figure_shows_arithmetic CHECK (
    (cardinality(arithmetic) = 0) = (cardinality(inputs) = 0)
);
