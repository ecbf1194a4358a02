//! API tokens: granted and revoked by records, and read back from them.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use zeroize::Zeroizing;

use super::{Search, Stored, Trail, TrailError};
use crate::record::{
    AccessRole, Actor, Body, Digest, Draft, InvalidValue, Kind, Receipt, RecordId, Timestamp,
    TokenAction, TokenEvent,
};
use crate::seal::SealError;

/// An API token as whoever has it shows it: `ctr_`, the id of its grant, `_`, a secret.
///
/// The secret is 32 bytes of the operating system's randomness. It is shown once, and no record or
/// file has it. [`fmt::Debug`] does not show it either; [`fmt::Display`] does.
#[derive(Clone)]
pub struct ApiToken {
    id: RecordId,
    secret: Zeroizing<[u8; 32]>,
}

impl ApiToken {
    /// The id of the record that grants it.
    #[must_use]
    pub const fn id(&self) -> RecordId {
        self.id
    }

    /// SHA-256 of the secret: what the grant has of it.
    #[must_use]
    pub fn secret_digest(&self) -> Digest {
        Digest::sha256(self.secret.as_slice())
    }

    fn new(id: RecordId) -> Result<Self, TrailError> {
        let mut secret = Zeroizing::new([0_u8; 32]);
        getrandom::fill(&mut *secret).map_err(SealError::NoEntropy)?;
        Ok(Self { id, secret })
    }
}

impl fmt::Debug for ApiToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ApiToken").field(&self.id).finish()
    }
}

impl fmt::Display for ApiToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let secret = Zeroizing::new(BASE64.encode(self.secret.as_slice()));
        write!(f, "{PREFIX}{}_{}", self.id.uuid().simple(), *secret)
    }
}

impl FromStr for ApiToken {
    type Err = InvalidValue;

    /// The error does not repeat the text.
    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let malformed = || {
            InvalidValue::new(
                "token",
                "",
                "ctr_, 32 hexadecimal digits, _ and 43 characters",
            )
        };
        let rest = text.strip_prefix(PREFIX).ok_or_else(malformed)?;
        let (id, secret) = rest.split_once('_').ok_or_else(malformed)?;
        if id.len() != 32 {
            return Err(malformed());
        }
        let id = uuid::Uuid::try_parse(id).map_err(|_| malformed())?;
        let secret = Zeroizing::new(BASE64.decode(secret).map_err(|_| malformed())?);
        let secret = <[u8; 32]>::try_from(secret.as_slice()).map_err(|_| malformed())?;
        Ok(Self {
            id: RecordId::from_uuid(id),
            secret: Zeroizing::new(secret),
        })
    }
}

/// What a token is to allow, and who says so.
#[derive(Clone, Debug)]
pub struct TokenGrant {
    /// Who gets it.
    pub holder: Actor,
    /// What it allows.
    pub role: AccessRole,
    /// From when on it is worth nothing.
    pub expires_at: Option<Timestamp>,
    /// Who approves it.
    pub approved_by: Vec<Actor>,
}

/// A token that was granted on this trail.
#[derive(Clone, Debug)]
pub struct KnownToken {
    /// Its id: that of the record that grants it.
    pub id: RecordId,
    /// What it allows, and whom.
    pub grant: TokenEvent,
    /// When it was granted.
    pub granted_at: Timestamp,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}

impl KnownToken {
    /// Whether it is worth something at `now`.
    #[must_use]
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && self.grant.expires_at.is_none_or(|end| now < end)
    }

    /// Whether `token` is this one. The digests are compared in constant time.
    #[must_use]
    pub fn is(&self, token: &ApiToken) -> bool {
        let (Some(Digest::Sha256(own)), Digest::Sha256(shown)) =
            (self.grant.secret_digest, token.secret_digest())
        else {
            return false;
        };
        let differing = own.iter().zip(shown).fold(0, |all, (a, b)| all | (a ^ b));
        self.id == token.id && differing == 0
    }
}

impl Trail {
    /// Grants an API token, by a record. What comes back is the only copy of its secret.
    ///
    /// # Errors
    ///
    /// [`TrailError::NotGranted`] when not enough people approve it; and those of [`Trail::record`].
    pub async fn grant_token(&self, grant: TokenGrant) -> Result<(ApiToken, Receipt), TrailError> {
        let token = ApiToken::new(self.new_id())?;
        let event = TokenEvent {
            token_id: None,
            action: TokenAction::Grant,
            holder: grant.holder,
            role: grant.role,
            trail: self.id().await?,
            expires_at: grant.expires_at,
            secret_digest: Some(token.secret_digest()),
            approved_by: grant.approved_by,
        };
        event.check().map_err(TrailError::NotGranted)?;
        let receipt = self.record(Draft::new(token.id, event)).await?;
        Ok((token, receipt))
    }

    /// Revokes a token, by a record: from the receipt on it is worth nothing.
    ///
    /// # Errors
    ///
    /// [`TrailError::NotFound`] and [`TrailError::WrongKind`] for what is no token;
    /// [`TrailError::AlreadyRevoked`]; and those of [`Trail::record`].
    pub async fn revoke_token(&self, id: RecordId) -> Result<Receipt, TrailError> {
        self.read_kind(id, Kind::Token).await?;
        let tokens = self.tokens().await?;
        let known = tokens.into_iter().find(|it| it.id == id);
        let known = known.ok_or_else(|| TrailError::NotFound {
            prefix: id.to_string(),
        })?;
        if known.revoked_at.is_some() {
            return Err(TrailError::AlreadyRevoked(id));
        }
        let event = TokenEvent {
            token_id: Some(id),
            action: TokenAction::Revoke,
            secret_digest: None,
            approved_by: Vec::new(),
            ..known.grant
        };
        self.record(Draft::new(self.new_id(), event)).await
    }

    /// Every token that was granted on this trail, oldest first, whether it is worth something or not.
    ///
    /// A grant that lacks the approvals it needs, or that was made for another trail, is none. Neither is
    /// one whose holder is not known any longer, because they were erased or the keys are not here.
    ///
    /// # Errors
    ///
    /// [`TrailError::Store`] when the store cannot be read or a record is damaged.
    pub async fn tokens(&self) -> Result<Vec<KnownToken>, TrailError> {
        let search = Search {
            kind: Some(Kind::Token),
            ..Search::default()
        };
        let trail = self.id().await?;
        let mut known: Vec<KnownToken> = Vec::new();
        for stored in self.search(search).await?.all().await?.iter().rev() {
            let Some(event) = token_event(stored) else {
                continue;
            };
            let is_holder = |path: &str| path == "/holder";
            let is_known = !stored.withheld().iter().any(|it| is_holder(&it.path));
            match event.action {
                TokenAction::Grant if is_known && event.trail == trail && event.check().is_ok() => {
                    known.push(KnownToken {
                        id: stored.id(),
                        grant: event.clone(),
                        granted_at: stored.record().head.recorded_at,
                        revoked_at: None,
                    });
                }
                TokenAction::Grant => {}
                TokenAction::Revoke => {
                    let at = stored.record().head.recorded_at;
                    for token in known.iter_mut().filter(|it| Some(it.id) == event.token_id) {
                        token.revoked_at.get_or_insert(at);
                    }
                }
            }
        }
        Ok(known)
    }
}

fn token_event(stored: &Stored) -> Option<&TokenEvent> {
    match &stored.record().body {
        Body::Token(event) => Some(event),
        _ => None,
    }
}

const PREFIX: &str = "ctr_";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_read_as_it_was_written_and_shows_its_secret_nowhere_else() {
        let id = "01948c9a-2b3e-7d4f-8e5a-1c2d3e4f5a6b".parse().unwrap();
        let token = ApiToken::new(id).unwrap();
        let text = token.to_string();
        let read: ApiToken = text.parse().unwrap();
        assert_eq!((read.id, read.secret_digest()), (id, token.secret_digest()));
        let secret = text.rsplit_once('_').unwrap().1;
        assert!(!format!("{token:?}").contains(secret));
        for bad in ["", "ctr_", "ctr_1_2", &text[..text.len() - 1], &text[4..]] {
            assert!(bad.parse::<ApiToken>().is_err(), "{bad}");
        }
    }
}
