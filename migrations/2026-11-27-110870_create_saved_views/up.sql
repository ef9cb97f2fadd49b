-- Filters of the console's list of leads that people gave a name.
SET LOCAL row_security = off;

CREATE TABLE saved_views (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    name text NOT NULL,
    -- The query of the list's address.
    query text NOT NULL,
    -- Who saved it last: a key or a person. No foreign key, as in jobs.
    saved_by uuid,
    saved_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id),
    -- saved_views::upsert; saved_views::list, by name.
    CONSTRAINT saved_views_name_key UNIQUE (tenant_id, name),
    CONSTRAINT saved_views_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES tenants (id) ON DELETE CASCADE
);
COMMENT ON COLUMN saved_views.query IS 'The query of the address of the list.';

SELECT scrapersky_internal.put_back('create_saved_views', 'down', '{saved_views}');
