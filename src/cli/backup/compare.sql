-- Before row level security hides rows from a plain owner. A table that is missing is an error.
DO $$
DECLARE
    wrong text;
BEGIN
    SELECT string_agg(format('%s has %s rows%s', wanted.name, found.rows,
               CASE found.rows WHEN wanted.rows THEN ' with other values' ELSE format(' instead of %s', wanted.rows) END), ', ')
        INTO wrong
        FROM jsonb_to_recordset(current_setting('scrapersky.backup')::jsonb->'tables') wanted(name text, rows bigint, digest text),
             scrapersky_internal.digest(wanted.name::regclass) found
        WHERE (found.rows, found.digest) IS DISTINCT FROM (wanted.rows, wanted.digest);
    IF wrong IS NOT NULL THEN
        RAISE EXCEPTION 'the restored rows are not those that were backed up: %', wrong;
    END IF;
END
$$;
-- Grants of the backup may name them.
SELECT scrapersky_internal.make_roles();
