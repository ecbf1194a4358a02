//! Asking a timestamp authority (RFC 3161).

use super::{RemoteError, bytes_of};
use crate::notary::{KnownHead, NotaryError, TimestampAuthority};
use crate::timestamp::{Request, TimestampError, Token};

/// A token over the text of the checkpoint, verified: nothing else is kept.
pub(super) async fn stamped(
    client: &reqwest::Client,
    authority: &TimestampAuthority,
    head: &KnownHead,
) -> Result<Vec<u8>, RemoteError> {
    let imprint = head.checkpoint.text_digest();
    let mut nonce = [0_u8; 8];
    getrandom::fill(&mut nonce).map_err(NotaryError::NoEntropy)?;
    // RFC 3161 has a signed integer here; 63 bits are more than enough.
    let request = Request::new(imprint, u64::from_be_bytes(nonce) >> 1);
    let answer = client
        .post(&authority.url)
        .header("content-type", "application/timestamp-query")
        .body(request.to_der())
        .send()
        .await?;
    let status = answer.status().as_u16();
    let bytes = bytes_of(answer).await?;
    if status != 200 {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        return Err(RemoteError::Status { status, text });
    }
    let refused = |error: TimestampError| RemoteError::Answer(error.to_string());
    let token = Token::from_response(&bytes, &request).map_err(refused)?;
    token
        .verify(&imprint, &authority.anchors)
        .map_err(refused)?;
    Ok(token.as_der().to_vec())
}

/// Whether `head` has a token that stands under the roots of `authority`.
pub(super) fn is_stamped(head: &KnownHead, authority: &TimestampAuthority) -> bool {
    let imprint = head.checkpoint.text_digest();
    head.timestamps.iter().any(|der| {
        Token::parse(der).is_ok_and(|token| token.verify(&imprint, &authority.anchors).is_ok())
    })
}
