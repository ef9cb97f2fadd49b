SET LOCAL row_security = off;

DROP FUNCTION scrapersky_internal.change_primary_key(regclass, text[], boolean);
DROP FUNCTION scrapersky_internal.put_back(text, text, text[]);
DROP FUNCTION scrapersky_internal.prepare_return(text, text, regclass, boolean, text[]);
DROP FUNCTION scrapersky_internal.repoint(text, regclass, text, text);
DROP FUNCTION scrapersky_internal.set_aside_columns(text, text, regclass, text[], text, text);
DROP FUNCTION scrapersky_internal.set_aside_table(text, regclass, text);
DROP FUNCTION scrapersky_internal.set_aside_rows(text, text, regclass, text, text);
DROP FUNCTION scrapersky_internal.texts_of(regclass, text);
DROP FUNCTION scrapersky_internal.key_of(text, text);
DROP FUNCTION scrapersky_internal.key_column(regclass);
DROP FUNCTION scrapersky_internal.try_uuid(text);

-- What is still set aside outlives the schema that had no place for it.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM scrapersky_internal.set_aside) THEN
        DROP SCHEMA scrapersky_internal CASCADE;
    END IF;
END
$$;
