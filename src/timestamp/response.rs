//! The answer of an authority: a status, and a token if it was granted.

use der::Tag;
use der::asn1::BitStringRef;

use crate::timestamp::error::{Refusal, TimestampError, malformed};
use crate::timestamp::reading::Members;

/// The token inside the answer `der` (`TimeStampResp`).
///
/// # Errors
///
/// [`TimestampError::Refused`] with what the authority says when it granted nothing.
pub(super) fn granted_token(der: &[u8]) -> Result<&[u8], TimestampError> {
    let mut response = Members::of_sequence("answer of the authority", der)?;
    let status = read_status(response.inside("status of the answer", Tag::Sequence)?)?;
    if status.status > GRANTED_WITH_MODIFICATIONS {
        return Err(TimestampError::Refused(status));
    }
    if response.is_empty() {
        return Err(malformed(
            "answer of the authority",
            "it says granted and holds no token",
        ));
    }
    let token = response.raw()?;
    response.finish()?;
    Ok(token)
}

fn read_status(mut members: Members<'_>) -> Result<Refusal, TimestampError> {
    let status = members.next::<u8>()?;
    let mut text = Vec::new();
    if members.is_at(Tag::Sequence) {
        let mut lines = members.inside("status text of the answer", Tag::Sequence)?;
        while !lines.is_empty() {
            text.push(lines.next::<String>()?);
        }
    }
    let failures = if members.is_at(Tag::BitString) {
        failure_names(&members.next::<BitStringRef<'_>>()?)
    } else {
        Vec::new()
    };
    members.finish()?;
    Ok(Refusal {
        status,
        text,
        failures,
    })
}

fn failure_names(bits: &BitStringRef<'_>) -> Vec<&'static str> {
    bits.bits()
        .zip(0..)
        .filter(|(set, _)| *set)
        .map(|(_, position)| failure_name(position))
        .collect()
}

/// `PKIFailureInfo`, RFC 3161 §2.4.2.
fn failure_name(position: u32) -> &'static str {
    match position {
        0 => "badAlg",
        2 => "badRequest",
        5 => "badDataFormat",
        14 => "timeNotAvailable",
        15 => "unacceptedPolicy",
        16 => "unacceptedExtension",
        17 => "addInfoNotAvailable",
        25 => "systemFailure",
        _ => "an unknown failure",
    }
}

const GRANTED_WITH_MODIFICATIONS: u8 = 1;
