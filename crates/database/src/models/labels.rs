//! Enumerations that are stored by label.

/// The text is not a label of the enumeration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{given}\" is not {what}; expected one of {}", valid.join(", "))]
pub struct UnknownLabel {
    pub(super) given: String,
    pub(super) what: &'static str,
    pub(super) valid: &'static [&'static str],
}

/// Declares an enum and the database's label for each variant.
macro_rules! labelled_enum {
    (
        $(#[$doc:meta])*
        $name:ident($what:literal): $($sql:ty),+ {
            $($(#[$variant_doc:meta])* $variant:ident = $label:literal),+ $(,)?
        }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, FromSqlRow, AsExpression)]
        $(#[diesel(sql_type = $sql)])+
        pub enum $name {
            $($(#[$variant_doc])* $variant),+
        }

        impl $name {
            /// Every variant, in the database's order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The label of every variant, in the same order.
            pub const LABELS: &'static [&'static str] = &[$($label),+];

            /// Returns the database's label of the variant.
            #[must_use]
            pub const fn label(self) -> &'static str {
                match self {
                    $(Self::$variant => $label),+
                }
            }
        }

        impl FromStr for $name {
            type Err = UnknownLabel;

            fn from_str(label: &str) -> Result<Self, UnknownLabel> {
                match label {
                    $($label => Ok(Self::$variant),)+
                    _ => Err(UnknownLabel { given: label.to_owned(), what: $what, valid: Self::LABELS }),
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.label())
            }
        }

        $(
            impl ToSql<$sql, Pg> for $name {
                fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
                    out.write_all(self.label().as_bytes())?;
                    Ok(IsNull::No)
                }
            }

            impl FromSql<$sql, Pg> for $name {
                fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
                    Ok(std::str::from_utf8(value.as_bytes())?.parse()?)
                }
            }
        )+
    };
}

pub(super) use labelled_enum;
