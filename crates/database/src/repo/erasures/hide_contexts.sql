-- $1 the tenant, $2 addresses, $3 domains. See `hide_contexts`.
--
-- For a domain: contacts with addresses there, and contacts found on its site.
WITH below AS MATERIALIZED (
    SELECT DISTINCT names.name
    FROM (
        SELECT split_part(lower(c.email), '@', 2) AS name FROM contacts c WHERE c.tenant_id = $1 AND cardinality($3::text[]) > 0
        UNION
        SELECT d.domain FROM domains d WHERE d.tenant_id = $1 AND cardinality($3::text[]) > 0
    ) names
    CROSS JOIN LATERAL string_to_array(names.name, '.') AS labels
    CROSS JOIN LATERAL generate_subscripts(labels, 1) AS first
    JOIN unnest($3::text[]) AS meant (domain) ON meant.domain = array_to_string(labels[first:], '.')
),
meant AS MATERIALIZED (
    SELECT c.id, c.email FROM contacts c JOIN unnest($2::text[]) AS a (address) ON a.address = lower(c.email)
    WHERE c.tenant_id = $1
    UNION
    SELECT c.id, c.email FROM contacts c JOIN below b ON b.name = split_part(lower(c.email), '@', 2)
    WHERE c.tenant_id = $1
    UNION
    SELECT c.id, c.email FROM below b JOIN domains d ON d.tenant_id = $1 AND d.domain = b.name
    JOIN contacts c ON c.tenant_id = $1 AND c.domain_id = d.id
),
hidden_sources AS (
    UPDATE contact_sources s SET context = NULL
    FROM meant m JOIN contact_sources o ON o.tenant_id = $1 AND o.contact_id = m.id
    WHERE s.tenant_id = $1 AND s.page_id = o.page_id
      AND position(lower(split_part(m.email, '@', 1)) IN lower(s.context)) > 0
    RETURNING s.id
),
hidden_contacts AS (
    UPDATE contacts c SET context = NULL
    FROM meant m JOIN contact_sources o ON o.tenant_id = $1 AND o.contact_id = m.id
    WHERE c.tenant_id = $1 AND c.page_id = o.page_id
      AND position(lower(split_part(m.email, '@', 1)) IN lower(c.context)) > 0
    RETURNING c.id
)
SELECT
    (SELECT count(*) FROM hidden_sources) + (SELECT count(*) FROM hidden_contacts) AS rows,
    ARRAY(SELECT d.id FROM below b JOIN domains d ON d.tenant_id = $1 AND d.domain = b.name) AS sites
