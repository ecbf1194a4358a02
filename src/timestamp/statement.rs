//! What a token states: which digest was seen when (`TSTInfo`, RFC 3161 §2.4.2).

use der::asn1::{ObjectIdentifier, UintRef};
use der::{DateTime, Tag};

use crate::timestamp::algorithm::{Algorithm, Digest, refused};
use crate::timestamp::certificate::CertificateName;
use crate::timestamp::error::{TimestampError, malformed};
use crate::timestamp::name;
use crate::timestamp::reading::{Members, constructed, hex, primitive};

/// What a token states, and who signed it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Statement {
    /// When the digest was seen: microseconds since 1970-01-01T00:00:00Z, finer parts cut off.
    pub time_us: i64,
    /// How far [`time_us`](Self::time_us) may be off in both directions, in microseconds; `None`
    /// when the token does not say (its policy may).
    pub accuracy_us: Option<u64>,
    /// The number of the token, unique with its authority, in lower-case hexadecimal.
    pub serial: String,
    /// The object identifier of the policy the token was made under.
    pub policy: String,
    /// What the authority calls itself in the token. A hint: who signed is
    /// [`certificate`](Self::certificate).
    pub authority: Option<String>,
    /// The certificate that signed.
    pub certificate: CertificateName,
}

/// A `TSTInfo` as it was read.
pub(super) struct TokenBody<'a> {
    pub(super) imprint: &'a [u8],
    pub(super) nonce: Option<UintRef<'a>>,
    pub(super) time_us: u64,
    accuracy_us: Option<u64>,
    serial: UintRef<'a>,
    policy: ObjectIdentifier,
    authority: Option<String>,
}

impl<'a> TokenBody<'a> {
    pub(super) fn read(der: &'a [u8]) -> Result<Self, TimestampError> {
        let mut body = Members::of_sequence(STATEMENT, der)?;
        if body.next::<u8>()? != 1 {
            return Err(malformed(STATEMENT, "it is not of version 1"));
        }
        let policy = body.next()?;
        let imprint = read_imprint(body.inside(IMPRINT, Tag::Sequence)?)?;
        let serial = body.next()?;
        let time_us = time_us(body.content(Tag::GeneralizedTime)?)?;
        let accuracy_us = body
            .optional(Tag::Sequence)?
            .map(|content| read_accuracy(Members::new(ACCURACY, content)?))
            .transpose()?;
        if body.is_at(Tag::Boolean) {
            body.next::<bool>()?;
        }
        let nonce = if body.is_at(Tag::Integer) {
            Some(body.next()?)
        } else {
            None
        };
        let authority = match body.optional(constructed(0))? {
            Some(content) => name::general(Members::new("name of the authority", content)?)?,
            None => None,
        };
        if let Some(content) = body.optional(constructed(1))? {
            refuse_critical(Members::new("extensions of the token", content)?)?;
        }
        body.finish()?;
        Ok(Self {
            imprint,
            nonce,
            time_us,
            accuracy_us,
            serial,
            policy,
            authority,
        })
    }

    /// Says that the token is about `imprint`.
    pub(super) fn check_imprint(&self, imprint: &[u8; 32]) -> Result<(), TimestampError> {
        if self.imprint == imprint {
            return Ok(());
        }
        Err(TimestampError::Imprint {
            expected: hex(imprint),
            found: hex(self.imprint),
        })
    }

    /// Says that the token repeats `nonce`.
    pub(super) fn check_nonce(&self, nonce: u64) -> Result<(), TimestampError> {
        let bytes = nonce.to_be_bytes();
        let first = bytes.iter().position(|byte| *byte != 0).unwrap_or(7);
        match self.nonce {
            Some(found) if found.as_bytes() == &bytes[first..] => Ok(()),
            Some(_) | None => Err(TimestampError::Nonce),
        }
    }

    /// The whole seconds of the time.
    pub(super) fn time_s(&self) -> u64 {
        self.time_us / MICROS
    }

    pub(super) fn signed_by(self, certificate: CertificateName) -> Statement {
        Statement {
            time_us: i64::try_from(self.time_us).expect("the year 9999 is before i64 ends"),
            accuracy_us: self.accuracy_us,
            serial: hex(self.serial.as_bytes()),
            policy: self.policy.to_string(),
            authority: self.authority,
            certificate,
        }
    }
}

fn read_imprint(mut members: Members<'_>) -> Result<&[u8], TimestampError> {
    let algorithm = Algorithm::read(members.inside(IMPRINT, Tag::Sequence)?)?;
    if Digest::named(&algorithm, IMPRINT)? != Digest::Sha256 {
        return Err(refused(IMPRINT, algorithm.oid, None));
    }
    let imprint = members.content(Tag::OctetString)?;
    members.finish()?;
    Ok(imprint)
}

fn read_accuracy(mut members: Members<'_>) -> Result<u64, TimestampError> {
    let seconds = if members.is_at(Tag::Integer) {
        members.next::<u32>()?
    } else {
        0
    };
    let mut part = |number| match members.optional(primitive(number))? {
        Some(content) => thousandths(content),
        None => Ok(0),
    };
    let (millis, micros) = (part(0)?, part(1)?);
    members.finish()?;
    Ok(u64::from(seconds) * MICROS + millis * 1_000 + micros)
}

/// An INTEGER from 0 to 999.
fn thousandths(content: &[u8]) -> Result<u64, TimestampError> {
    let value = match content {
        [low @ 0..=0x7f] => u64::from(*low),
        [high @ 0..=3, low] if *high > 0 || *low > 0x7f => u64::from(*high) << 8 | u64::from(*low),
        _ => 1_000,
    };
    if value < 1_000 {
        Ok(value)
    } else {
        Err(malformed(ACCURACY, "a part of it is not from 0 to 999"))
    }
}

fn refuse_critical(mut list: Members<'_>) -> Result<(), TimestampError> {
    while !list.is_empty() {
        let mut members = list.inside("extension of the token", Tag::Sequence)?;
        let oid = members.next::<ObjectIdentifier>()?;
        if members.is_at(Tag::Boolean) && members.next::<bool>()? {
            let oid = oid.to_string();
            return Err(TimestampError::CriticalExtension { oid });
        }
        members.content(Tag::OctetString)?;
        members.finish()?;
    }
    Ok(())
}

/// Microseconds since 1970 of `YYYYMMDDhhmmss[.f…]Z`: the standard allows fractions here, which
/// certificates may not have.
fn time_us(text: &[u8]) -> Result<u64, TimestampError> {
    let wrong = |reason: &str| malformed("time of the token", reason);
    let (moment, rest) = text
        .split_at_checked(14)
        .filter(|(moment, _)| moment.iter().all(u8::is_ascii_digit))
        .ok_or_else(|| wrong("it is not YYYYMMDDhhmmss[.f]Z"))?;
    let fraction = match rest {
        [b'Z'] => &[],
        [b'.', fraction @ .., b'Z']
            if matches!(fraction.len(), 1..=18) && fraction.iter().all(u8::is_ascii_digit) =>
        {
            fraction
        }
        _ => {
            return Err(wrong(
                "it does not end in Z, with up to 18 digits of fraction before",
            ));
        }
    };
    let pair = |at: usize| (moment[at] - b'0') * 10 + (moment[at + 1] - b'0');
    let year = u16::from(pair(0)) * 100 + u16::from(pair(2));
    let seconds = DateTime::new(year, pair(4), pair(6), pair(8), pair(10), pair(12))
        .map_err(|_| wrong("there is no such time from 1970 on"))?
        .unix_duration()
        .as_secs();
    let micros = (0..6).fold(0, |micros, at| {
        micros * 10 + fraction.get(at).map_or(0, |digit| u64::from(digit - b'0'))
    });
    Ok(seconds * MICROS + micros)
}

const STATEMENT: &str = "statement of the token";
const IMPRINT: &str = "digest in the token";
const ACCURACY: &str = "accuracy of the token";
const MICROS: u64 = 1_000_000;

#[cfg(test)]
mod tests {
    use super::{thousandths, time_us};

    #[test]
    fn a_time_is_read_to_the_microsecond() {
        assert_eq!(time_us(b"19700101000000Z").unwrap(), 0);
        assert_eq!(
            time_us(b"20261123024003.505764Z").unwrap(),
            1_795_401_603_505_764
        );
        assert_eq!(
            time_us(b"20261123024003.5Z").unwrap(),
            1_795_401_603_500_000
        );
        assert_eq!(
            time_us(b"20261123024003.5057649Z").unwrap(),
            1_795_401_603_505_764
        );
    }

    #[test]
    fn a_time_that_is_none_is_refused() {
        for text in [
            "",
            "20261123024003",
            "20261123024003+0100",
            "20261123024003.Z",
            "20261123024003,5Z",
            "20261323024003Z",
            "20260230024003Z",
            "20261123024060Z",
            "19691231235959Z",
            "2026112302400\u{e9}Z",
            "20261123024003.1234567890123456789Z",
        ] {
            assert!(time_us(text.as_bytes()).is_err(), "{text}");
        }
    }

    #[test]
    fn a_part_of_the_accuracy_is_from_0_to_999() {
        assert_eq!(thousandths(&[100]).unwrap(), 100);
        assert_eq!(thousandths(&[0, 200]).unwrap(), 200);
        assert_eq!(thousandths(&[0x03, 0xe7]).unwrap(), 999);
        for wrong in [&[0x03, 0xe8][..], &[0xff], &[0, 5], &[], &[1, 0, 0]] {
            assert!(thousandths(wrong).is_err(), "{wrong:?}");
        }
    }
}
