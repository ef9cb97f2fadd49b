-- What a place's details say, beside its row in places_staging, and what became of it when it was handed over.
-- Google's content may be kept for a limited time: content_at says from when it is where that is later than the
-- place's search_time, cleared_at that it was removed since. Place ids may be kept for good.
CREATE TABLE place_details (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    tenant_id uuid NOT NULL,
    place_id text NOT NULL,
    website text,
    phone text,
    opening_hours jsonb,
    raw_data jsonb,
    content_at timestamptz,
    cleared_at timestamptz,
    domain_id uuid,
    handed_over_at timestamptz,
    hand_over_error text,
    CONSTRAINT place_details_tenant_id_place_id_key UNIQUE (tenant_id, place_id),
    CONSTRAINT place_details_place_fkey FOREIGN KEY (tenant_id, place_id) REFERENCES places_staging (tenant_id, place_id) ON DELETE CASCADE,
    CONSTRAINT place_details_domain_fkey FOREIGN KEY (tenant_id, domain_id) REFERENCES domains (tenant_id, id) ON DELETE SET NULL (domain_id)
);
CREATE INDEX place_details_tenant_id_domain_id_idx ON place_details (tenant_id, domain_id);
SELECT scrapersky_internal.isolate_tenants('place_details');
SELECT scrapersky_internal.put_back('create_place_details', 'down', '{place_details}');
