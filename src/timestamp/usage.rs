//! What a certificate may be used for.

use der::Tag;
use der::asn1::{BitStringRef, ObjectIdentifier};

use crate::timestamp::TimestampError;
use crate::timestamp::certificate::{Certificate, Extension};
use crate::timestamp::reading::Members;

impl Certificate<'_> {
    /// Says that the certificate is one for making timestamps, and for nothing else.
    pub(super) fn check_authority(&self) -> Result<(), TimestampError> {
        let Some(extension) = self.extension(EXTENDED_KEY_USAGE) else {
            return Err(self.misused("it has no extended key usage timeStamping"));
        };
        if !extension.critical {
            return Err(self.misused("its extended key usage is not critical"));
        }
        if extended_key_usages(extension)? != [TIME_STAMPING] {
            return Err(self.misused("its extended key usage is not timeStamping alone"));
        }
        match self.key_usage()? {
            Some(usage) if usage & SIGNING == 0 || usage & !SIGNING != 0 => {
                Err(self.misused("its key usage is not signing alone"))
            }
            Some(_) | None => Ok(()),
        }
    }

    /// Says that the certificate may issue others, for timestamps, with `below` authorities
    /// under it.
    pub(super) fn check_issuer(&self, below: usize) -> Result<(), TimestampError> {
        let Some(extension) = self.extension(BASIC_CONSTRAINTS) else {
            return Err(self.misused("it has no basic constraints: it is no authority"));
        };
        let mut members = Members::of_sequence("basic constraints", extension.value)?;
        if !members.is_at(Tag::Boolean) || !members.next::<bool>()? {
            return Err(self.misused("it is not the certificate of an authority"));
        }
        if members.is_at(Tag::Integer) && usize::from(members.next::<u16>()?) < below {
            return Err(self.misused("more authorities stand below it than it allows"));
        }
        members.finish()?;
        if self
            .key_usage()?
            .is_some_and(|usage| usage & KEY_CERT_SIGN == 0)
        {
            return Err(self.misused("its key usage does not allow issuing certificates"));
        }
        match self.extension(EXTENDED_KEY_USAGE) {
            Some(extension) if !extended_key_usages(extension)?.contains(&TIME_STAMPING) => {
                Err(self.misused("its extended key usage does not allow timestamps"))
            }
            Some(_) | None => Ok(()),
        }
    }

    /// The bits of the key usage, the first bit lowest; `None` where every use is allowed.
    fn key_usage(&self) -> Result<Option<u32>, TimestampError> {
        let Some(extension) = self.extension(KEY_USAGE) else {
            return Ok(None);
        };
        let mut members = Members::new("key usage of a certificate", extension.value)?;
        let bits = members.next::<BitStringRef<'_>>()?;
        members.finish()?;
        let set = bits.bits().zip(0..32).filter(|(set, _)| *set);
        Ok(Some(set.fold(0, |usage, (_, bit)| usage | 1 << bit)))
    }

    fn misused(&self, reason: &'static str) -> TimestampError {
        TimestampError::Purpose {
            subject: self.subject(),
            reason,
        }
    }
}

fn extended_key_usages(extension: &Extension<'_>) -> Result<Vec<ObjectIdentifier>, TimestampError> {
    let mut list = Members::of_sequence("extended key usage of a certificate", extension.value)?;
    let mut usages = Vec::new();
    while !list.is_empty() {
        usages.push(list.next()?);
    }
    Ok(usages)
}

const SIGNING: u32 = 0b11;
const KEY_CERT_SIGN: u32 = 1 << 5;

const KEY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.15");
const BASIC_CONSTRAINTS: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.19");
const EXTENDED_KEY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.37");
const TIME_STAMPING: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.8");
