//! Names, versions and tenants: short texts with a checked form.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize, Serializer};

use super::InvalidValue;

macro_rules! text_type {
    ($(#[$doc:meta])* $name:ident, $what:literal, $check:path) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Deserialize)]
        #[serde(try_from = "String")]
        pub struct $name(String);

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl $name {
            /// Checks `text` and wraps it.
            ///
            /// # Errors
            ///
            /// [`InvalidValue`] when the text does not have the form this type asks for.
            pub fn new(text: impl Into<String>) -> Result<Self, InvalidValue> {
                let text = text.into();
                $check($what, &text)?;
                Ok(Self(text))
            }

            /// The text itself.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = InvalidValue;

            fn from_str(text: &str) -> Result<Self, InvalidValue> {
                Self::new(text)
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidValue;

            fn try_from(text: String) -> Result<Self, InvalidValue> {
                Self::new(text)
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> String {
                name.0
            }
        }
    };
}

text_type! {
    /// A name, type, reference or foreign id: 1–512 bytes of UTF-8 without U+0000.
    Name, "name", check_name
}
text_type! {
    /// A version as its owner writes it: 1–512 bytes of UTF-8 without U+0000.
    Version, "version", check_name
}
text_type! {
    /// A tenant: `[a-z0-9_-]{1,63}`.
    Tenant, "tenant", check_tenant
}

impl Default for Tenant {
    /// The tenant of a trail that names none: `default`.
    fn default() -> Self {
        Self("default".to_owned())
    }
}

/// A name and a version of it, written `name@version` and split at the last `@`.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct VersionedName {
    /// What the version is of.
    pub name: Name,
    /// Which version of it.
    pub version: Version,
}

impl fmt::Display for VersionedName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.name, self.version)
    }
}

impl FromStr for VersionedName {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let (name, version) = text
            .rsplit_once('@')
            .ok_or_else(|| InvalidValue::new("versioned name", text, "name@version"))?;
        Ok(Self {
            name: name.parse()?,
            version: version.parse()?,
        })
    }
}

impl TryFrom<String> for VersionedName {
    type Error = InvalidValue;

    fn try_from(text: String) -> Result<Self, InvalidValue> {
        text.parse()
    }
}

impl From<VersionedName> for String {
    fn from(name: VersionedName) -> String {
        name.to_string()
    }
}

fn check_name(what: &'static str, text: &str) -> Result<(), InvalidValue> {
    if text.is_empty() || text.len() > MAX_NAME_BYTES || text.contains('\0') {
        return Err(InvalidValue::new(
            what,
            text,
            "1 to 512 bytes without U+0000",
        ));
    }
    Ok(())
}

fn check_tenant(what: &'static str, text: &str) -> Result<(), InvalidValue> {
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || b == b'-';
    if text.is_empty() || text.len() > MAX_TENANT_BYTES || !text.bytes().all(allowed) {
        return Err(InvalidValue::new(
            what,
            text,
            "1 to 63 of a-z, 0-9, _ and -",
        ));
    }
    Ok(())
}

const MAX_NAME_BYTES: usize = 512;
const MAX_TENANT_BYTES: usize = 63;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_text_without_nul_is_a_name() {
        for text in [
            "x'; DROP TABLE contexts; --",
            "[bold]",
            "مرحبا 🙂",
            "../etc",
        ] {
            assert_eq!(Name::new(text).unwrap().as_str(), text);
        }
        for text in ["", "a\0b"] {
            assert!(Name::new(text).is_err());
        }
        assert!(Name::new("x".repeat(513)).is_err());
    }

    #[test]
    fn a_versioned_name_splits_at_the_last_at() {
        let name: VersionedName = "fairness@eu@2.0.1".parse().unwrap();
        assert_eq!(
            (name.name.as_str(), name.version.as_str()),
            ("fairness@eu", "2.0.1")
        );
    }

    #[test]
    fn a_tenant_has_no_capitals() {
        assert!(Tenant::new("Acme").is_err());
        assert!(Tenant::new("acme-1_x").is_ok());
    }
}
