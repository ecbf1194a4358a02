//! Whose tokens of OpenID Connect a server takes: what the file says, and what comes before it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;

use crate::cli::exit::{Exit, Failure};
use crate::record::AccessRole;
use crate::server::{Oidc, OidcError, OidcOptions};

/// An issuer, as the file names it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(in crate::cli) struct OidcFile {
    issuer: Option<String>,
    audience: Option<String>,
    jwks_url: Option<String>,
    role_claim: Option<String>,
    tenant_claim: Option<String>,
    /// The role for each value of the claim.
    roles: BTreeMap<String, AccessRole>,
    /// Authorities that the issuer is trusted by, in PEM.
    roots: Option<PathBuf>,
}

/// What comes before the file.
#[derive(Clone, Debug, clap::Args)]
pub(in crate::cli) struct OidcArguments {
    /// The issuer whose tokens of OpenID Connect are taken, as its tokens name it
    #[arg(long, value_name = "URL", env = "CONTEXTRAIL_OIDC_ISSUER")]
    oidc_issuer: Option<String>,
    /// The audience that its tokens are for
    #[arg(long, value_name = "NAME", env = "CONTEXTRAIL_OIDC_AUDIENCE")]
    oidc_audience: Option<String>,
    /// Where its keys are; asked of the issuer when left out
    #[arg(long, value_name = "URL", env = "CONTEXTRAIL_OIDC_JWKS_URL")]
    oidc_jwks_url: Option<String>,
    /// The claim with the role, a name or a JSON pointer; `roles` when left out
    #[arg(long, value_name = "CLAIM", env = "CONTEXTRAIL_OIDC_ROLE_CLAIM")]
    oidc_role_claim: Option<String>,
    /// The claim with the tenant; `tenant` when left out
    #[arg(long, value_name = "CLAIM", env = "CONTEXTRAIL_OIDC_TENANT_CLAIM")]
    oidc_tenant_claim: Option<String>,
}

impl OidcArguments {
    /// The issuer, if there is one: what is said here, else in the file.
    pub(in crate::cli) fn or(self, file: Option<OidcFile>) -> Result<Option<Oidc>, Failure> {
        let file = file.unwrap_or_default();
        let issuer = self.oidc_issuer.or(file.issuer);
        let audience = self.oidc_audience.or(file.audience);
        let (issuer, audience) = match (issuer, audience) {
            (Some(issuer), Some(audience)) => (issuer, audience),
            // why: an issuer that is left out by mistake would leave a server open.
            (None, None) if self.oidc_jwks_url.is_none() && file.jwks_url.is_none() => {
                return Ok(None);
            }
            _ => {
                return Err(
                    Failure::usage("OpenID Connect lacks its issuer or its audience")
                        .try_next("say both: `issuer` and `audience` under `oidc`"),
                );
            }
        };
        let mut options = OidcOptions::new(issuer, audience)
            .with_jwks_url(self.oidc_jwks_url.or(file.jwks_url))
            .with_roles(file.roles);
        if let Some(claim) = self.oidc_role_claim.or(file.role_claim) {
            options = options.with_role_claim(claim);
        }
        if let Some(claim) = self.oidc_tenant_claim.or(file.tenant_claim) {
            options = options.with_tenant_claim(claim);
        }
        if let Some(path) = file.roots {
            let roots = std::fs::read(&path);
            let roots = roots.map_err(|error| Failure::file(Exit::Storage, &path, &error))?;
            options = options.with_roots(roots);
        }
        Ok(Some(Oidc::new(options)?))
    }
}

impl From<OidcError> for Failure {
    fn from(error: OidcError) -> Self {
        let exit = match error {
            OidcError::Away { .. } | OidcError::Answer { .. } => Exit::Storage,
            _ => Exit::Usage,
        };
        Self::new(exit, error.to_string())
            .try_next("see `oidc` in docs/http.md; the issuer has to be reachable from here")
    }
}
