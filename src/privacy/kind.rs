//! The kinds of personal data that can be found by their form.

/// A kind of personal data.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Kind {
    /// A password, a private key, a token of an API.
    Secret,
    /// An account number of a bank (ISO 13616), by its check digits and the lengths of its country.
    Iban,
    /// The number of a payment card, by its check digit (ISO/IEC 7812).
    Card,
    /// A number that a state knows a person by: United States, United Kingdom, Germany, Spain,
    /// France, Brazil.
    NationalId,
    /// An e-mail address.
    Email,
    /// A network address, IPv4 or IPv6.
    IpAddress,
    /// A telephone number, written as such.
    Phone,
}

impl Kind {
    /// All of them, in the order in which they win where two are found in one place.
    pub const ALL: [Self; 7] = [
        Self::Secret,
        Self::Iban,
        Self::Card,
        Self::NationalId,
        Self::Email,
        Self::IpAddress,
        Self::Phone,
    ];

    /// The word for it in records and configuration.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Secret => "secret",
            Self::Iban => "iban",
            Self::Card => "card",
            Self::NationalId => "national_id",
            Self::Email => "email",
            Self::IpAddress => "ip_address",
            Self::Phone => "phone",
        }
    }
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}
