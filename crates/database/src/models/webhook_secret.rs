//! Table `webhook_secrets`.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::pg::{Pg, PgValue};
use diesel::serialize::{self, Output, ToSql};
use diesel::sql_types::Binary;

/// The prefix of every secret, as Standard Webhooks has it.
const MARK: &str = "whsec_";

/// What signs the posts of a webhook: 256 random bits. `Debug` hides them.
#[derive(Clone, PartialEq, Eq, FromSqlRow, AsExpression)]
#[diesel(sql_type = Binary)]
pub struct WebhookSecret(Vec<u8>);

impl WebhookSecret {
    /// Makes a secret.
    #[must_use]
    pub fn generate() -> Self {
        let bits: [u8; 32] = rand::random();
        Self(bits.to_vec())
    }

    /// Returns the key of signatures.
    #[must_use]
    pub fn key(&self) -> &[u8] {
        &self.0
    }

    /// Returns the secret as receivers are told: `whsec_` and the key in Base64.
    #[must_use]
    pub fn expose(&self) -> String {
        format!("{MARK}{}", STANDARD.encode(&self.0))
    }
}

impl fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WebhookSecret")
    }
}

impl FromSql<Binary, Pg> for WebhookSecret {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        <Vec<u8> as FromSql<Binary, Pg>>::from_sql(value).map(Self)
    }
}

impl ToSql<Binary, Pg> for WebhookSecret {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        <Vec<u8> as ToSql<Binary, Pg>>::to_sql(&self.0, out)
    }
}

#[cfg(test)]
mod tests {
    use super::WebhookSecret;

    #[test]
    fn a_secret_is_shown_to_receivers_only() {
        let secret = WebhookSecret(vec![0; 32]);
        assert_eq!(secret.expose(), format!("whsec_{}=", "A".repeat(43)));
        assert_eq!(format!("{secret:?}"), "WebhookSecret");
        assert_ne!(WebhookSecret::generate(), WebhookSecret::generate());
    }
}
