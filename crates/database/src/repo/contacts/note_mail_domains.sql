-- $1 the tenant, $2 the domain. See `note_mail_domains`.
UPDATE contacts c SET
    mx_status = m.mx_status,
    confidence = CASE WHEN m.mx_status = 'none' THEN least(c.confidence, 10) ELSE c.confidence END
FROM mail_domains m
WHERE c.tenant_id = $1 AND c.domain_id = $2 AND m.tenant_id = $1 AND m.domain = split_part(c.email, '@', 2)
