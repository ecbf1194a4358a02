//! What is sent to an authority.

use crate::timestamp::algorithm::SHA256_IDENTIFIER;

/// A question to a timestamp authority: when did you see this digest?
///
/// The certificate of the authority is always asked for, because a token without it cannot be
/// checked once the authority is gone.
///
/// ```
/// use contextrail::timestamp::Request;
///
/// let request = Request::new([7; 32], 0x0123_4567_89ab_cdef);
/// assert_eq!(request.to_der().len(), 69);
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Request {
    imprint: [u8; 32],
    nonce: u64,
}

impl Request {
    /// Asks about `message_imprint`, a SHA-256 digest.
    ///
    /// `nonce` must be random and new for each request: it is how an old answer is told from the
    /// one that was asked for.
    #[must_use]
    pub fn new(message_imprint: [u8; 32], nonce: u64) -> Self {
        Self {
            imprint: message_imprint,
            nonce,
        }
    }

    /// The SHA-256 digest asked about.
    #[must_use]
    pub fn message_imprint(&self) -> &[u8; 32] {
        &self.imprint
    }

    /// The nonce the answer has to repeat.
    #[must_use]
    pub fn nonce(&self) -> u64 {
        self.nonce
    }

    /// The `TimeStampReq` in DER: the body to send as `application/timestamp-query`.
    #[must_use]
    pub fn to_der(&self) -> Vec<u8> {
        let imprint = tlv(0x30, &[SHA256_IDENTIFIER, &tlv(0x04, &[&self.imprint])]);
        let version = [0x02, 0x01, 0x01];
        let certificate_wanted = [0x01, 0x01, 0xff];
        let nonce = tlv(0x02, &[&unsigned(self.nonce)]);
        tlv(0x30, &[&version, &imprint, &nonce, &certificate_wanted])
    }
}

/// A value with its tag and length, for content of less than 128 bytes.
fn tlv(tag: u8, content: &[&[u8]]) -> Vec<u8> {
    let content = content.concat();
    let length = u8::try_from(content.len()).expect("a request is 71 bytes at most");
    [&[tag, length], content.as_slice()].concat()
}

/// The shortest two's complement bytes of `value`.
fn unsigned(value: u64) -> Vec<u8> {
    let bytes = value.to_be_bytes();
    let skipped = bytes.iter().take(7).take_while(|byte| **byte == 0).count();
    let shortest = &bytes[skipped..];
    let sign: &[u8] = if shortest[0] >= 0x80 { &[0] } else { &[] };
    [sign, shortest].concat()
}

#[cfg(test)]
mod tests {
    use der::Encode;
    use der::asn1::Uint;

    use super::unsigned;

    #[test]
    fn a_nonce_is_written_as_the_standard_writes_integers() {
        for nonce in [0, 1, 0x7f, 0x80, 0xff, 0x100, 1 << 63, u64::MAX] {
            let expected = Uint::new(&nonce.to_be_bytes()).unwrap().to_der().unwrap();
            assert_eq!(unsigned(nonce), expected[2..], "{nonce}");
        }
    }
}
