-- Nothing is ever dropped by a migration. What one shape of the schema has no place for goes to
-- scrapersky_internal.set_aside, with the reason, and the opposite migration puts it back:
--   going up    a row that cannot be converted (no tenant, a duplicate under a new uniqueness), or the old value
--               of a column that had to change; `scrapersky doctor` lists these;
--   going down  a row or a column that the older shape cannot hold.
-- Every value is kept as the text PostgreSQL itself writes for it, so that it comes back exactly (a JSON null
-- stays different from an SQL NULL), whatever the order of the columns by then.
-- Not "scrapersky": a user of that name, such as the private PostgreSQL's, would find the schema in front of public in
-- its search_path, and every table made from here on would land in it.
CREATE SCHEMA IF NOT EXISTS scrapersky_internal;

CREATE TABLE IF NOT EXISTS scrapersky_internal.set_aside (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    migration text NOT NULL,
    direction text NOT NULL CHECK (direction IN ('up', 'down')),
    source_table text NOT NULL,
    key_column text NOT NULL,
    key text NOT NULL,
    reason text NOT NULL,
    is_whole_row boolean NOT NULL,
    columns text[] NOT NULL,
    contents jsonb NOT NULL,
    set_aside_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX IF NOT EXISTS set_aside_migration_idx ON scrapersky_internal.set_aside (migration, direction, source_table, key);

-- The UUID that a text spells with or without hyphens, or NULL.
CREATE FUNCTION scrapersky_internal.try_uuid(spelled text) RETURNS uuid
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (regexp_match(spelled, '^\s*([0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12})\s*$', 'i'))[1]::uuid;

-- The single column of a table's primary key.
CREATE FUNCTION scrapersky_internal.key_column(source regclass) RETURNS text
LANGUAGE plpgsql STABLE AS $$
DECLARE
    found text[];
BEGIN
    SELECT array_agg(a.attname::text) INTO found
    FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)
    WHERE i.indrelid = source AND i.indisprimary;
    IF cardinality(found) IS DISTINCT FROM 1 THEN
        RAISE EXCEPTION 'table % needs a primary key of one column for its rows to be set aside', source;
    END IF;
    RETURN found[1];
END
$$;

-- Moves rows out of a table. `rows_query` yields (key text, reason text): the primary key's text, and why the row
-- has to go (NULL: it stays). `key_column` is for a table whose primary key has several columns, one of them unique.
-- A row that another one still refers to is never taken: callers deal with the referring rows first.
CREATE FUNCTION scrapersky_internal.set_aside_rows(migration text, direction text, source regclass, rows_query text, key_column text DEFAULT NULL)
RETURNS bigint
LANGUAGE plpgsql SET datestyle = ISO SET timezone = UTC SET extra_float_digits = 1 SET bytea_output = hex AS $$
DECLARE
    reference record;
    referred_to text;
    names text;
    texts text;
    moved bigint;
BEGIN
    key_column := coalesce(key_column, scrapersky_internal.key_column(source));
    EXECUTE format('CREATE TEMP TABLE leaving ON COMMIT DROP AS SELECT DISTINCT ON (key) key, reason FROM (%s) q WHERE reason IS NOT NULL ORDER BY key, reason', rows_query);
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
        EXECUTE format('SELECT string_agg(key, '', '') FROM (SELECT DISTINCT l.key FROM %s child JOIN %s t ON %s JOIN leaving l ON t.%I::text = l.key LIMIT 5) q',
                       reference.child, source, reference.refers, key_column) INTO referred_to;
        IF referred_to IS NOT NULL THEN
            RAISE EXCEPTION 'migration % cannot set rows of % aside: %(%) still refers to them',
                migration, source, reference.child, reference.child_columns
                USING DETAIL = format('Rows of %s with %s: %s', source, key_column, referred_to),
                      HINT = format('Point the rows of %s elsewhere or delete them, then migrate again.', reference.child);
        END IF;
    END LOOP;
    SELECT string_agg(quote_literal(attname), ', ' ORDER BY attname), string_agg(format('t.%I::text', attname), ', ' ORDER BY attname)
        INTO names, texts
        FROM pg_attribute WHERE attrelid = source AND attnum > 0 AND NOT attisdropped AND attgenerated = '';
    EXECUTE format(
        'WITH gone AS (DELETE FROM %1$s t USING leaving l WHERE t.%2$I::text = l.key
                       RETURNING l.key, l.reason, jsonb_object(ARRAY[%3$s], ARRAY[%4$s]) AS contents)
         INSERT INTO scrapersky_internal.set_aside (migration, direction, source_table, key_column, key, reason, is_whole_row, columns, contents)
         SELECT %5$L, %6$L, %7$L, %2$L, key, reason, true, ARRAY[%3$s], contents FROM gone',
        source, key_column, names, texts, migration, direction, source::text);
    GET DIAGNOSTICS moved = ROW_COUNT;
    DROP TABLE leaving;
    RETURN moved;
END
$$;

-- Keeps the present values of some columns. `rows_query` yields (key text, reason text); the rows stay as they are.
CREATE FUNCTION scrapersky_internal.set_aside_columns(
    migration text, direction text, source regclass, columns text[], rows_query text, key_column text DEFAULT NULL)
RETURNS bigint
LANGUAGE plpgsql SET datestyle = ISO SET timezone = UTC SET extra_float_digits = 1 SET bytea_output = hex AS $$
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
         FROM (%7$s) q JOIN %8$s t ON t.%4$I::text = q.key',
        migration, direction, source::text, key_column, names, texts, rows_query, source);
    GET DIAGNOSTICS kept = ROW_COUNT;
    RETURN kept;
END
$$;

-- Points every row that refers to `old_key` at `new_key` instead, and keeps what it referred to.
-- `pairs_query` yields (old_key text, new_key text). Triggers that note the time of a change are not for a migration.
CREATE FUNCTION scrapersky_internal.repoint(migration text, target regclass, pairs_query text, reason text)
RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    reference record;
    has_rows boolean;
BEGIN
    EXECUTE format('CREATE TEMP TABLE repointed ON COMMIT DROP AS %s', pairs_query);
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
            format('SELECT %I::text AS key, %L AS reason FROM %s WHERE %I::text IN (SELECT old_key FROM repointed)',
                   scrapersky_internal.key_column(reference.child), reason, reference.child, reference.child_column));
        EXECUTE format('ALTER TABLE %s DISABLE TRIGGER USER', reference.child);
        EXECUTE format('UPDATE %1$s t SET %2$I = r.new_key::%3$s FROM repointed r WHERE t.%2$I::text = r.old_key',
                       reference.child, reference.child_column, reference.type);
        EXECUTE format('ALTER TABLE %s ENABLE TRIGGER USER', reference.child);
    END LOOP;
    DROP TABLE repointed;
END
$$;

-- A condition on a row `s` of set_aside: what these columns refer to is there. Tables of other owners are left to
-- their foreign keys, since their rows may be hidden from this user.
CREATE FUNCTION scrapersky_internal.referents_exist(target regclass, columns text[]) RETURNS text
LANGUAGE sql STABLE
RETURN (
    SELECT coalesce(string_agg(condition, ' AND '), 'true')
    FROM (
        SELECT format('(%s OR EXISTS (SELECT FROM %s p WHERE %s))',
                      string_agg(format('s.contents->>%L IS NULL', a.attname), ' OR '),
                      c.confrelid::regclass,
                      string_agg(format('p.%I = (s.contents->>%L)::%s', f.attname, a.attname, format_type(a.atttypid, a.atttypmod)), ' AND ')) AS condition
        FROM pg_constraint c
        JOIN pg_class parent ON parent.oid = c.confrelid
        JOIN LATERAL unnest(c.conkey, c.confkey) k(child_no, parent_no) ON true
        JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.child_no
        JOIN pg_attribute f ON f.attrelid = c.confrelid AND f.attnum = k.parent_no
        WHERE c.contype = 'f' AND c.conrelid = target AND pg_has_role(parent.relowner, 'USAGE')
        GROUP BY c.oid, c.confrelid
        HAVING bool_and(a.attname = ANY (columns))
    ) conditions
);

-- Puts back what a migration set aside in one direction: whole rows first (a referred-to table before the
-- tables that refer to it: the order of `row_tables`), then single columns of any table. What has no place any more,
-- since another row has taken it or the row it refers to has been deleted meanwhile, stays where it is kept.
CREATE FUNCTION scrapersky_internal.put_back(of_migration text, of_direction text, row_tables text[] DEFAULT '{}') RETURNS void
LANGUAGE plpgsql SET datestyle = ISO SET timezone = UTC AS $$
DECLARE
    kept record;
    names text;
    casts text;
BEGIN
    FOR kept IN
        SELECT t.name::regclass AS target, s.key_column, s.columns
        FROM unnest(row_tables) WITH ORDINALITY t(name, position)
        JOIN scrapersky_internal.set_aside s ON s.source_table = t.name
        WHERE s.migration = of_migration AND s.direction = of_direction AND s.is_whole_row
        GROUP BY t.name, t.position, s.key_column, s.columns
        ORDER BY t.position
    LOOP
        SELECT string_agg(format('%I', attname), ', '),
               string_agg(format('(s.contents->>%L)::%s', attname, format_type(atttypid, atttypmod)), ', ')
            INTO names, casts
            FROM pg_attribute
            WHERE attrelid = kept.target AND attnum > 0 AND NOT attisdropped AND attname = ANY (kept.columns);
        EXECUTE format(
            'WITH candidates AS (SELECT DISTINCT ON (s.key) s.* FROM scrapersky_internal.set_aside s
                                 WHERE s.migration = %4$L AND s.direction = %5$L AND s.source_table = %6$L
                                   AND s.is_whole_row AND s.columns = %7$L AND %8$s
                                 ORDER BY s.key, s.id DESC),
                  back AS (INSERT INTO %1$s (%2$s) SELECT %3$s FROM candidates s ORDER BY s.id
                           ON CONFLICT DO NOTHING RETURNING %9$I::text AS key)
             DELETE FROM scrapersky_internal.set_aside s USING candidates c, back b WHERE s.id = c.id AND c.key = b.key',
            kept.target, names, casts, of_migration, of_direction, kept.target::text, kept.columns,
            scrapersky_internal.referents_exist(kept.target, kept.columns), kept.key_column);
    END LOOP;
    FOR kept IN
        SELECT DISTINCT to_regclass(s.source_table) AS target, s.key_column, s.columns
        FROM scrapersky_internal.set_aside s
        WHERE s.migration = of_migration AND s.direction = of_direction AND NOT s.is_whole_row AND to_regclass(s.source_table) IS NOT NULL
    LOOP
        SELECT string_agg(format('%I = (s.contents->>%L)::%s', attname, attname, format_type(atttypid, atttypmod)), ', ')
            INTO casts
            FROM pg_attribute
            WHERE attrelid = kept.target AND attnum > 0 AND NOT attisdropped AND attname = ANY (kept.columns);
        EXECUTE format('ALTER TABLE %s DISABLE TRIGGER USER', kept.target);
        EXECUTE format(
            'WITH candidates AS (SELECT DISTINCT ON (s.key) s.* FROM scrapersky_internal.set_aside s
                                 WHERE s.migration = %3$L AND s.direction = %4$L AND s.source_table = %5$L
                                   AND NOT s.is_whole_row AND s.columns = %6$L AND %7$s
                                 ORDER BY s.key, s.id DESC),
                  back AS (UPDATE %1$s t SET %2$s FROM candidates s WHERE t.%8$I::text = s.key RETURNING s.id)
             DELETE FROM scrapersky_internal.set_aside s USING back b WHERE s.id = b.id',
            kept.target, casts, of_migration, of_direction, kept.target::text, kept.columns,
            scrapersky_internal.referents_exist(kept.target, kept.columns), kept.key_column);
        EXECUTE format('ALTER TABLE %s ENABLE TRIGGER USER', kept.target);
    END LOOP;
END
$$;
