-- What every later migration needs so that none of them ever loses a value.
--
-- What one shape of the schema has no place for goes to scrapersky_internal.set_aside with the reason, and the opposite
-- migration puts it back:
--   going up    a row that cannot be converted (no tenant, a duplicate under a new unique key), or the old value of a
--               column that had to change; `scrapersky doctor` lists these;
--   going down  a row or a column that the older shape cannot hold.
-- Every value is kept as the text PostgreSQL writes for it, so that it comes back exactly (a JSON null stays different from
-- an SQL NULL), whatever the order of the columns is by then.
--
-- The functions see all rows or fail: with row_security = off PostgreSQL raises an error where a policy would hide rows. A
-- table with FORCE ROW LEVEL SECURITY binds its owner too, so a migration that reads or moves rows of one says
-- ALTER TABLE ... NO FORCE ROW LEVEL SECURITY first and FORCE at its end. Migrations up to isolate_tenants run without it:
-- isolate_tenants is applied last and reverted first.
SET LOCAL row_security = off;

-- Not "scrapersky": a user of that name, such as the private PostgreSQL's, would have the schema in front of public in its
-- search_path, and every table created from here on would land in it.
CREATE SCHEMA IF NOT EXISTS scrapersky_internal;

CREATE TABLE IF NOT EXISTS scrapersky_internal.set_aside (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    migration text NOT NULL,
    direction text NOT NULL CHECK (direction IN ('up', 'down')),
    source_table text NOT NULL,
    -- The columns by which the row is found, separated by commas, and their values, separated likewise.
    key_column text NOT NULL,
    key text NOT NULL,
    reason text NOT NULL,
    is_whole_row boolean NOT NULL,
    columns text[] NOT NULL,
    contents jsonb NOT NULL,
    set_aside_at timestamptz NOT NULL DEFAULT now()
);
-- put_back finds what one step of a migration kept.
CREATE INDEX IF NOT EXISTS set_aside_migration_idx ON scrapersky_internal.set_aside (migration, direction, source_table, key);

-- Returns the UUID that a text spells with or without hyphens, or NULL.
CREATE FUNCTION scrapersky_internal.try_uuid(spelled text) RETURNS uuid
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (regexp_match(spelled, '^\s*([0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12})\s*$', 'i'))[1]::uuid;

-- Returns the columns of a table's primary key in order, separated by commas.
CREATE FUNCTION scrapersky_internal.key_column(source regclass) RETURNS text
LANGUAGE sql STABLE
RETURN (
    SELECT string_agg(a.attname, ',' ORDER BY k.position)
    FROM pg_index i
    JOIN LATERAL unnest(i.indkey::int2[]) WITH ORDINALITY k(number, position) ON true
    JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.number
    WHERE i.indrelid = source AND i.indisprimary
);

-- Returns the expression for a row's key: its columns as text, separated by commas.
CREATE FUNCTION scrapersky_internal.key_of(alias text, key_column text) RETURNS text
LANGUAGE sql IMMUTABLE
RETURN (
    SELECT string_agg(format('%I.%I::text', alias, name), ' || '','' || ' ORDER BY position)
    FROM unnest(string_to_array(key_column, ',')) WITH ORDINALITY k(name, position)
);

-- Returns the names of a table's stored columns, and the expressions for their texts, both as lists in SQL.
CREATE FUNCTION scrapersky_internal.texts_of(source regclass, alias text, OUT names text, OUT texts text)
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT string_agg(quote_literal(attname), ', ' ORDER BY attname), string_agg(format('%I.%I::text', alias, attname), ', ' ORDER BY attname)
    FROM pg_attribute WHERE attrelid = source AND attnum > 0 AND NOT attisdropped AND attgenerated = '';
END;

-- Moves rows out of a table. `rows_query` yields (key text, reason text): the key of a row, and why it has to go (NULL: it
-- stays). The key is the primary key unless `key_column` names another unique column. A row that another one still refers
-- to is never taken: callers deal with the referring rows first.
CREATE FUNCTION scrapersky_internal.set_aside_rows(migration text, direction text, source regclass, rows_query text, key_column text DEFAULT NULL)
RETURNS bigint
LANGUAGE plpgsql SET row_security = off SET datestyle = ISO SET timezone = UTC SET extra_float_digits = 1 SET bytea_output = hex AS $$
DECLARE
    reference record;
    referred_to text;
    listed record;
    moved bigint;
BEGIN
    key_column := coalesce(key_column, scrapersky_internal.key_column(source));
    EXECUTE format('CREATE TEMP TABLE leaving ON COMMIT DROP AS SELECT DISTINCT ON (key) key, reason FROM (%s) q WHERE reason IS NOT NULL ORDER BY key, reason', rows_query);
    ANALYZE leaving;
    FOR reference IN
        SELECT c.conrelid::regclass AS child, string_agg(quote_ident(a.attname), ', ') AS child_columns,
               string_agg(format('child.%I = t.%I', a.attname, f.attname), ' AND ') AS refers
        FROM pg_constraint c
        JOIN LATERAL unnest(c.conkey, c.confkey) k(child_no, parent_no) ON true
        JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.child_no
        JOIN pg_attribute f ON f.attrelid = c.confrelid AND f.attnum = k.parent_no
        WHERE c.contype = 'f' AND c.confrelid = source
        GROUP BY c.oid, c.conrelid
    LOOP
        EXECUTE format('SELECT string_agg(key, '', '') FROM (SELECT DISTINCT l.key FROM %s child JOIN %s t ON %s JOIN leaving l ON %s = l.key LIMIT 5) q',
                       reference.child, source, reference.refers, scrapersky_internal.key_of('t', key_column)) INTO referred_to;
        IF referred_to IS NOT NULL THEN
            RAISE EXCEPTION 'migration % cannot set rows of % aside: %(%) still refers to them',
                migration, source, reference.child, reference.child_columns
                USING DETAIL = format('Rows of %s with %s: %s', source, key_column, referred_to),
                      HINT = format('Point the rows of %s elsewhere or delete them, then migrate again.', reference.child);
        END IF;
    END LOOP;
    listed := scrapersky_internal.texts_of(source, 't');
    EXECUTE format(
        'WITH gone AS (DELETE FROM %1$s t USING leaving l WHERE %2$s = l.key
                       RETURNING l.key, l.reason, jsonb_object(ARRAY[%3$s], ARRAY[%4$s]) AS contents)
         INSERT INTO scrapersky_internal.set_aside (migration, direction, source_table, key_column, key, reason, is_whole_row, columns, contents)
         SELECT %5$L, %6$L, %7$L, %8$L, key, reason, true, ARRAY[%3$s], contents FROM gone',
        source, scrapersky_internal.key_of('t', key_column), listed.names, listed.texts, migration, direction, source::text, key_column);
    GET DIAGNOSTICS moved = ROW_COUNT;
    DROP TABLE leaving;
    RETURN moved;
END
$$;

-- Moves all rows of a table out of it and drops it: for the `down` of the migration that created it.
CREATE FUNCTION scrapersky_internal.set_aside_table(migration text, source regclass, reason text) RETURNS bigint
LANGUAGE plpgsql SET row_security = off SET datestyle = ISO SET timezone = UTC SET extra_float_digits = 1 SET bytea_output = hex AS $$
DECLARE
    key_column CONSTANT text := scrapersky_internal.key_column(source);
    listed CONSTANT record := scrapersky_internal.texts_of(source, 't');
    moved bigint;
BEGIN
    EXECUTE format(
        'INSERT INTO scrapersky_internal.set_aside (migration, direction, source_table, key_column, key, reason, is_whole_row, columns, contents)
         SELECT %1$L, ''down'', %2$L, %3$L, %4$s, %5$L, true, ARRAY[%6$s], jsonb_object(ARRAY[%6$s], ARRAY[%7$s]) FROM %8$s t',
        migration, source::text, key_column, scrapersky_internal.key_of('t', key_column), reason, listed.names, listed.texts, source);
    GET DIAGNOSTICS moved = ROW_COUNT;
    EXECUTE format('DROP TABLE %s', source);
    RETURN moved;
END
$$;

-- Keeps the present values of some columns. `rows_query` yields (key text, reason text); the rows stay as they are.
CREATE FUNCTION scrapersky_internal.set_aside_columns(
    migration text, direction text, source regclass, columns text[], rows_query text, key_column text DEFAULT NULL)
RETURNS bigint
LANGUAGE plpgsql SET row_security = off SET datestyle = ISO SET timezone = UTC SET extra_float_digits = 1 SET bytea_output = hex AS $$
DECLARE
    names text;
    texts text;
    kept bigint;
BEGIN
    key_column := coalesce(key_column, scrapersky_internal.key_column(source));
    SELECT string_agg(quote_literal(c), ', '), string_agg(format('t.%I::text', c), ', ') INTO names, texts FROM unnest(columns) c;
    EXECUTE format(
        'INSERT INTO scrapersky_internal.set_aside (migration, direction, source_table, key_column, key, reason, is_whole_row, columns, contents)
         SELECT %1$L, %2$L, %3$L, %4$L, q.key, q.reason, false, ARRAY[%5$s], jsonb_object(ARRAY[%5$s], ARRAY[%6$s])
         FROM (%7$s) q JOIN %8$s t ON %9$s = q.key',
        migration, direction, source::text, key_column, names, texts, rows_query, source, scrapersky_internal.key_of('t', key_column));
    GET DIAGNOSTICS kept = ROW_COUNT;
    RETURN kept;
END
$$;

-- Points every row that refers to `old_key` at `new_key` instead, and keeps what it referred to.
-- `pairs_query` yields (old_key text, new_key text). Triggers that note the time of a change are not for a migration.
CREATE FUNCTION scrapersky_internal.repoint(migration text, target regclass, pairs_query text, reason text)
RETURNS void
LANGUAGE plpgsql SET row_security = off AS $$
DECLARE
    reference record;
    has_rows boolean;
BEGIN
    EXECUTE format('CREATE TEMP TABLE repointed ON COMMIT DROP AS %s', pairs_query);
    ANALYZE repointed;
    FOR reference IN
        SELECT c.conrelid::regclass AS child, a.attname::text AS child_column, format_type(a.atttypid, a.atttypmod) AS type
        FROM pg_constraint c
        JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
        WHERE c.contype = 'f' AND c.confrelid = target AND cardinality(c.conkey) = 1
    LOOP
        EXECUTE format('SELECT EXISTS (SELECT FROM %s WHERE %I::text IN (SELECT old_key FROM repointed))',
                       reference.child, reference.child_column) INTO has_rows;
        CONTINUE WHEN NOT has_rows;
        PERFORM scrapersky_internal.set_aside_columns(migration, 'up', reference.child, ARRAY[reference.child_column],
            format('SELECT %s AS key, %L AS reason FROM %s c WHERE %I::text IN (SELECT old_key FROM repointed)',
                   scrapersky_internal.key_of('c', scrapersky_internal.key_column(reference.child)), reason, reference.child, reference.child_column));
        EXECUTE format('ALTER TABLE %s DISABLE TRIGGER USER', reference.child);
        EXECUTE format('UPDATE %1$s t SET %2$I = r.new_key::%3$s FROM repointed r WHERE t.%2$I::text = r.old_key',
                       reference.child, reference.child_column, reference.type);
        EXECUTE format('ALTER TABLE %s ENABLE TRIGGER USER', reference.child);
    END LOOP;
    DROP TABLE repointed;
END
$$;

-- Copies what was set aside into the temporary table `coming_back`, with columns of the target's types, without what refers
-- to a row that is gone. Tables of other owners are left to their foreign keys, since their rows may be hidden from this
-- user. Every step reads its rows once, and the statistics are gathered before it: 100,000 rows take seconds.
CREATE FUNCTION scrapersky_internal.prepare_return(of_migration text, of_direction text, target regclass, whole_rows boolean, kept_columns text[])
RETURNS void
LANGUAGE plpgsql SET row_security = off SET datestyle = ISO SET timezone = UTC AS $$
DECLARE
    casts text;
    reference record;
BEGIN
    SELECT string_agg(format('(s.contents->>%L)::%s AS %I', attname, format_type(atttypid, atttypmod), attname), ', ')
        INTO casts
        FROM pg_attribute
        WHERE attrelid = target AND attnum > 0 AND NOT attisdropped AND attname = ANY (kept_columns);
    -- What was kept twice comes back as it was kept last.
    EXECUTE format(
        'CREATE TEMP TABLE coming_back ON COMMIT DROP AS
         SELECT s.id AS set_aside_id, s.key AS set_aside_key, %1$s
         FROM (SELECT DISTINCT ON (key) * FROM scrapersky_internal.set_aside
               WHERE migration = %2$L AND direction = %3$L AND source_table = %4$L AND is_whole_row = %5$L AND columns = %6$L
               ORDER BY key, id DESC) s',
        casts, of_migration, of_direction, target::text, whole_rows, kept_columns);
    ANALYZE coming_back;
    FOR reference IN
        SELECT c.confrelid::regclass AS parent, c.confrelid = target AND whole_rows AS is_among_them,
               string_agg(format('r.%I IS NOT NULL', a.attname), ' AND ') AS refers,
               string_agg(format('p.%I = r.%I', f.attname, a.attname), ' AND ') AS matches
        FROM pg_constraint c
        JOIN pg_class parent ON parent.oid = c.confrelid
        JOIN LATERAL unnest(c.conkey, c.confkey) k(child_no, parent_no) ON true
        JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.child_no
        JOIN pg_attribute f ON f.attrelid = c.confrelid AND f.attnum = k.parent_no
        WHERE c.contype = 'f' AND c.conrelid = target AND pg_has_role(parent.relowner, 'USAGE')
        GROUP BY c.oid, c.confrelid
        HAVING bool_and(a.attname = ANY (kept_columns))
    LOOP
        EXECUTE format('DELETE FROM coming_back r WHERE %s AND NOT EXISTS (SELECT FROM %s p WHERE %s)',
                       reference.refers, reference.parent, reference.matches)
            || CASE WHEN reference.is_among_them THEN format(' AND NOT EXISTS (SELECT FROM coming_back p WHERE %s)', reference.matches) ELSE '' END;
    END LOOP;
    ANALYZE coming_back;
END
$$;

-- Puts back what a migration set aside in one direction: whole rows first (a table before those that refer to it: the order
-- of `row_tables`), then single columns of any table. What has no place any more, since another row has taken it or the row
-- it refers to has been deleted meanwhile, stays where it is kept.
CREATE FUNCTION scrapersky_internal.put_back(of_migration text, of_direction text, row_tables text[] DEFAULT '{}') RETURNS void
LANGUAGE plpgsql SET row_security = off SET datestyle = ISO SET timezone = UTC AS $$
DECLARE
    kept record;
    names text;
    assignments text;
BEGIN
    FOR kept IN
        SELECT t.name::regclass AS target, s.key_column, s.columns
        FROM unnest(row_tables) WITH ORDINALITY t(name, position)
        JOIN scrapersky_internal.set_aside s ON s.source_table = t.name
        WHERE s.migration = of_migration AND s.direction = of_direction AND s.is_whole_row
        GROUP BY t.name, t.position, s.key_column, s.columns
        ORDER BY t.position
    LOOP
        PERFORM scrapersky_internal.prepare_return(of_migration, of_direction, kept.target, true, kept.columns);
        SELECT string_agg(quote_ident(attname), ', ') INTO names
            FROM pg_attribute
            WHERE attrelid = kept.target AND attnum > 0 AND NOT attisdropped AND attname = ANY (kept.columns);
        CREATE TEMP TABLE came_back (key text) ON COMMIT DROP;
        EXECUTE format(
            'WITH back AS (INSERT INTO %1$s AS t (%2$s) SELECT %2$s FROM coming_back ORDER BY set_aside_id
                           ON CONFLICT DO NOTHING RETURNING %3$s AS key)
             INSERT INTO came_back SELECT key FROM back',
            kept.target, names, scrapersky_internal.key_of('t', kept.key_column));
        ANALYZE came_back;
        DELETE FROM scrapersky_internal.set_aside s USING coming_back c, came_back b WHERE s.id = c.set_aside_id AND c.set_aside_key = b.key;
        DROP TABLE coming_back, came_back;
    END LOOP;
    FOR kept IN
        SELECT DISTINCT to_regclass(s.source_table) AS target, s.key_column, s.columns
        FROM scrapersky_internal.set_aside s
        WHERE s.migration = of_migration AND s.direction = of_direction AND NOT s.is_whole_row AND to_regclass(s.source_table) IS NOT NULL
    LOOP
        PERFORM scrapersky_internal.prepare_return(of_migration, of_direction, kept.target, false, kept.columns);
        SELECT string_agg(format('%1$I = c.%1$I', attname), ', ') INTO assignments
            FROM pg_attribute
            WHERE attrelid = kept.target AND attnum > 0 AND NOT attisdropped AND attname = ANY (kept.columns);
        CREATE TEMP TABLE came_back (id bigint) ON COMMIT DROP;
        EXECUTE format('ALTER TABLE %s DISABLE TRIGGER USER', kept.target);
        EXECUTE format(
            'WITH back AS (UPDATE %1$s t SET %2$s FROM coming_back c WHERE %3$s = c.set_aside_key RETURNING c.set_aside_id AS id)
             INSERT INTO came_back SELECT id FROM back',
            kept.target, assignments, scrapersky_internal.key_of('t', kept.key_column));
        EXECUTE format('ALTER TABLE %s ENABLE TRIGGER USER', kept.target);
        ANALYZE came_back;
        DELETE FROM scrapersky_internal.set_aside s USING came_back b WHERE s.id = b.id;
        DROP TABLE coming_back, came_back;
    END LOOP;
END
$$;

-- Gives a table another primary key. Tables that are not this program's may refer to the present one: their foreign keys
-- are made anew, and a unique constraint on the present columns stays for them (and where `keeps_unique` asks for it).
CREATE FUNCTION scrapersky_internal.change_primary_key(target regclass, new_columns text[], keeps_unique boolean DEFAULT false) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    old_name text;
    old_columns text;
    columns_list CONSTANT text := array_to_string(new_columns, ', ');
    foreign_key record;
    again text := '';
    leftover text;
BEGIN
    SELECT conname INTO old_name FROM pg_constraint WHERE conrelid = target AND contype = 'p';
    old_columns := replace(scrapersky_internal.key_column(target), ',', ', ');
    FOR foreign_key IN
        SELECT c.conrelid::regclass AS child, c.conname, pg_get_constraintdef(c.oid) AS definition, i.indisprimary
        FROM pg_constraint c JOIN pg_index i ON i.indexrelid = c.conindid
        WHERE c.contype = 'f' AND c.confrelid = target
        ORDER BY c.conrelid, c.conname
    LOOP
        BEGIN
            EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', foreign_key.child, foreign_key.conname);
        EXCEPTION WHEN insufficient_privilege THEN
            RAISE EXCEPTION 'cannot change the primary key of %: the table % refers to it, and the user "%" does not own that table',
                target, foreign_key.child, current_user
                USING HINT = format('As its owner: GRANT the role that owns %s to "%s", then migrate again.', foreign_key.child, current_user);
        END;
        again := again || format('ALTER TABLE %s ADD CONSTRAINT %I %s;', foreign_key.child, foreign_key.conname, foreign_key.definition);
        keeps_unique := keeps_unique OR foreign_key.indisprimary;
    END LOOP;
    -- Where this is reverted: the unique constraint becomes the primary key again.
    FOR leftover IN
        SELECT c.conname FROM pg_constraint c
        WHERE c.conrelid = target AND c.contype = 'u' AND pg_get_constraintdef(c.oid) = format('UNIQUE (%s)', columns_list)
    LOOP
        EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', target, leftover);
        keeps_unique := false;
    END LOOP;
    EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', target, old_name);
    EXECUTE format('ALTER TABLE %s ADD CONSTRAINT %I PRIMARY KEY (%s)', target, old_name, columns_list);
    IF keeps_unique THEN
        EXECUTE format('ALTER TABLE %s ADD UNIQUE (%s)', target, old_columns);
    END IF;
    EXECUTE again;
END
$$;
