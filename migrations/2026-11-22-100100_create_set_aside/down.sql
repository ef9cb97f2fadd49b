DROP FUNCTION scrapersky.put_back(text, text, text[]);
DROP FUNCTION scrapersky.repoint(text, regclass, text, text);
DROP FUNCTION scrapersky.set_aside_columns(text, text, regclass, text[], text, text);
DROP FUNCTION scrapersky.set_aside_rows(text, text, regclass, text);
DROP FUNCTION scrapersky.key_column(regclass);
DROP FUNCTION scrapersky.try_uuid(text);

-- What is still set aside outlives the schema that had no place for it.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM scrapersky.set_aside) THEN
        DROP SCHEMA scrapersky CASCADE;
    END IF;
END
$$;
