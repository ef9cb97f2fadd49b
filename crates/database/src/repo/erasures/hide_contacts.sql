-- $1 the tenant, $2 the address or domain, $3 whether it is a domain. See `hide`.
--
-- For a domain: contacts with addresses there, and contacts found on its site.
WITH meant AS MATERIALIZED (
    SELECT c.id, c.email FROM contacts c JOIN domains d ON d.tenant_id = c.tenant_id AND d.id = c.domain_id
    WHERE c.tenant_id = $1 AND CASE WHEN $3
        THEN right('.' || split_part(lower(c.email), '@', 2), length($2) + 1) = '.' || $2
          OR right('.' || d.domain, length($2) + 1) = '.' || $2
        ELSE lower(c.email) = $2 END
)
UPDATE contacts c SET context = NULL
FROM meant m JOIN contact_sources o ON o.tenant_id = $1 AND o.contact_id = m.id
WHERE c.tenant_id = $1 AND c.page_id = o.page_id
  AND position(lower(split_part(m.email, '@', 1)) IN lower(c.context)) > 0
