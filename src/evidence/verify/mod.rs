//! Verifying a bundle, without a store and without a network.

mod absence;
mod claim;
mod elsewhere;
mod files;
mod gone;
mod proof;
mod readable;
mod record;
mod relation;
mod stated;
mod succession;
mod text;
#[cfg(feature = "network")]
mod timestamp;

use super::container::{self, Container, ContainerError, Limits};
use super::contents::Contents;
use super::manifest::Manifest;
use super::pages::Pages;
use super::report::{NotABundle, Report};
use crate::log::{Hash, SignedCheckpoint, VerifierKey};
#[cfg(feature = "network")]
use crate::timestamp::TrustAnchors;

/// Verifies bundles against the keys that somebody trusts.
///
/// Everything is checked from the bytes in the bundle; the keys in it are not trusted. Whatever is
/// wrong is found, not only the first thing. Time and memory are bounded by
/// [`Limits`](container::Limits).
///
/// ```
/// use contextrail::evidence::Verifier;
///
/// let trusted = Vec::new();
/// assert!(Verifier::new(trusted).verify(b"anything").is_err());
/// ```
#[derive(Clone, Debug)]
pub struct Verifier {
    keys: Vec<VerifierKey>,
    head: Option<KnownHead>,
    pages: Option<Pages>,
    limits: Limits,
    #[cfg(feature = "network")]
    authorities: Option<TrustAnchors>,
}

/// A head of the log that the auditor has from elsewhere: the log, a witness, an earlier bundle.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct KnownHead {
    /// The signed head.
    pub checkpoint: SignedCheckpoint,
    /// The consistency proof between it and the head in the bundle (RFC 9162 §2.1.4), the smaller
    /// one first, when there is one.
    pub consistency: Option<Vec<Hash>>,
}

impl Verifier {
    /// Trusts `keys`: at least one key of the log has to have signed, and each key of a witness has
    /// to have cosigned.
    #[must_use]
    pub fn new(keys: Vec<VerifierKey>) -> Self {
        Self {
            keys,
            head: None,
            pages: None,
            limits: Limits::default(),
            #[cfg(feature = "network")]
            authorities: None,
        }
    }

    /// Trusts timestamp authorities behind these roots: one of them has to have stamped the head.
    #[cfg(feature = "network")]
    #[must_use]
    pub fn with_authorities(mut self, roots: TrustAnchors) -> Self {
        self.authorities = Some(roots);
        self
    }

    /// Compares the head in the bundle with one that is known.
    #[must_use]
    pub fn with_head(mut self, head: KnownHead) -> Self {
        self.head = Some(head);
        self
    }

    /// Derives the readable files again, and compares.
    #[must_use]
    pub fn with_pages(mut self, pages: Pages) -> Self {
        self.pages = Some(pages);
        self
    }

    /// Reads bundles of other sizes.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Verifies `bundle`.
    ///
    /// # Errors
    ///
    /// [`NotABundle`] when the bytes are something else altogether. A bundle that is damaged, cut
    /// short, tampered with or too large gives a [`Report`] that says so.
    pub fn verify(&self, bundle: &[u8]) -> Result<Report, NotABundle> {
        let container = match container::read(bundle, &self.limits) {
            Ok(container) => container,
            Err(ContainerError::NotAZip) => {
                return Err(NotABundle {
                    why: "it is not a zip file",
                });
            }
            Err(refused) => {
                let mut report = Report::new(None);
                report.find("", "", refused.to_string());
                return Ok(report.concluded());
            }
        };
        let (manifest, mut report) = files::manifest(&container)?;
        files::check(&container, manifest.as_ref(), &mut report);
        let contents = files::contents(&container, &mut report);
        self.check(manifest.as_ref(), &contents, &container, &mut report);
        if let Err(form) = files::form(&container, manifest.as_ref()) {
            report.find("", "", form.to_string());
        }
        Ok(report.concluded())
    }

    fn check(
        &self,
        manifest: Option<&Manifest>,
        contents: &Contents,
        container: &Container,
        report: &mut Report,
    ) {
        record::check(contents, report);
        proof::check_inclusion(contents, report);
        proof::check_signatures(contents, &self.keys, report);
        if let Some(head) = &self.head {
            proof::check_head(contents, head, &self.keys, report);
        }
        self.check_timestamps(contents, report);
        text::check(contents, report);
        if let Some(manifest) = manifest {
            claim::check(&manifest.claim, contents, report);
            relation::check(&manifest.claim, contents, report);
            succession::check(&manifest.claim, contents, report);
        }
        gone::check(contents, report);
        absence::check(contents, report);
        if let Some(manifest) = manifest {
            readable::check(manifest, contents, container, self.pages, report);
        }
        elsewhere::check(contents, report);
        stated::check(contents, report);
    }

    #[cfg(feature = "network")]
    fn check_timestamps(&self, contents: &Contents, report: &mut Report) {
        timestamp::check(contents, self.authorities.as_ref(), report);
    }

    #[cfg(not(feature = "network"))]
    #[expect(
        clippy::unused_self,
        reason = "with timestamps it has roots to compare with"
    )]
    fn check_timestamps(&self, contents: &Contents, report: &mut Report) {
        for (size, number) in contents.tokens.keys().copied() {
            let file = super::file_name::FileName::Token { size, number };
            report.not_checked.push(format!(
                "{file}: the timestamp, which this program was built without the code for"
            ));
        }
    }
}
