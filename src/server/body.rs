//! Bodies: read within bounds, and made smaller on the way out.

use std::io::{self, Read, Write as _};
use std::sync::Arc;

use axum::http::{HeaderMap, header};
use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::problem::Problem;

/// Room in memory for the bodies of all requests, in KiB.
pub(super) struct Room(Arc<Semaphore>);

impl Room {
    pub(super) fn new() -> Self {
        Self(Arc::new(Semaphore::new(ROOM_KIB)))
    }

    fn take(&self, bytes: usize) -> Result<OwnedSemaphorePermit, Problem> {
        let kib = u32::try_from(bytes / 1024 + 1).unwrap_or(u32::MAX);
        Arc::clone(&self.0)
            .try_acquire_many_owned(kib)
            .map_err(|_| {
                Problem::new(503, "busy", "too many large bodies are being read").retry_after(1)
            })
    }
}

/// A body, and the room it takes up until the request is answered.
#[derive(Debug, Default)]
pub(super) struct Held {
    pub(super) bytes: Vec<u8>,
    _room: Vec<OwnedSemaphorePermit>,
}

/// Reads a body as it is sent, and unpacks it.
pub(super) async fn take(
    headers: &HeaderMap,
    mut body: Incoming,
    room: &Room,
) -> Result<Held, Problem> {
    let mut bytes = Vec::new();
    let mut held = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Problem::new(400, "broken_body", "the body ended early"))?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        if bytes.len() + data.len() > MOST_SENT {
            return Err(too_large("the body is larger than 8 MiB"));
        }
        held.push(room.take(data.len())?);
        bytes.extend_from_slice(&data);
    }
    let encoding = headers.get(header::CONTENT_ENCODING);
    let encoding = encoding.map_or(Ok("identity"), |it| it.to_str());
    match encoding {
        Ok("identity") => {}
        Ok(encoding @ ("gzip" | "zstd")) => {
            // why: what a few bytes unpack to is only known when it is done.
            let unpacking = room.take(MOST_UNPACKED)?;
            bytes = unpack(encoding, &bytes)?;
            drop(unpacking);
            held.push(room.take(bytes.len())?);
        }
        _ => {
            return Err(Problem::new(
                415,
                "content_encoding",
                "the encoding of the body is not known",
            )
            .hint("send gzip, zstd, or the body as it is"));
        }
    }
    Ok(Held { bytes, _room: held })
}

fn unpack(encoding: &str, packed: &[u8]) -> Result<Vec<u8>, Problem> {
    let broken = |error: io::Error| {
        Problem::new(
            400,
            "broken_body",
            format!("the {encoding} of the body is broken: {error}"),
        )
    };
    let mut reader: Box<dyn Read> = if encoding == "gzip" {
        Box::new(MultiGzDecoder::new(packed))
    } else {
        let mut decoder = zstd::stream::read::Decoder::with_buffer(packed).map_err(broken)?;
        decoder.window_log_max(WINDOW_LOG).map_err(broken)?;
        Box::new(decoder)
    };
    let mut bytes = Vec::new();
    let most = u64::try_from(MOST_UNPACKED).unwrap_or(u64::MAX);
    reader
        .by_ref()
        .take(most + 1)
        .read_to_end(&mut bytes)
        .map_err(broken)?;
    if bytes.len() > MOST_UNPACKED {
        return Err(too_large("the body unpacks to more than 16 MiB"));
    }
    Ok(bytes)
}

fn too_large(detail: &str) -> Problem {
    Problem::new(413, "too_large", detail).hint("send less at once")
}

/// Packs `body` the way the caller takes it, when that is worth it: the encoding, and the bytes.
pub(super) fn packed(headers: &HeaderMap, body: &[u8]) -> Option<(&'static str, Vec<u8>)> {
    if body.len() < WORTH_PACKING {
        return None;
    }
    let accepted = headers.get(header::ACCEPT_ENCODING)?.to_str().ok()?;
    let takes = |encoding: &str| {
        accepted.split(',').any(|part| {
            let (name, weight) = part.split_once(';').unwrap_or((part, ""));
            let refused = weight.trim().strip_prefix("q=").map(str::parse::<f32>);
            name.trim().eq_ignore_ascii_case(encoding) && refused != Some(Ok(0.0))
        })
    };
    if takes("zstd") {
        let packed = zstd::bulk::compress(body, 3).ok()?;
        return Some(("zstd", packed));
    }
    if takes("gzip") {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(body).ok()?;
        return Some(("gzip", encoder.finish().ok()?));
    }
    None
}

const ROOM_KIB: usize = 128 << 10;
const MOST_SENT: usize = 8 << 20;
const MOST_UNPACKED: usize = 16 << 20;
/// 8 MiB, more than the encoder of anybody needs for bodies of this size.
const WINDOW_LOG: u32 = 23;
const WORTH_PACKING: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_unpacks_to_too_much_is_refused_before_it_is_unpacked() {
        let bomb = vec![0_u8; MOST_UNPACKED + 1];
        let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
        gzip.write_all(&bomb).unwrap();
        let gzip = gzip.finish().unwrap();
        assert!(gzip.len() < 64 << 10);
        assert_eq!(unpack("gzip", &gzip).unwrap_err().status, 413);
        let zstd = zstd::bulk::compress(&bomb, 3).unwrap();
        assert_eq!(unpack("zstd", &zstd).unwrap_err().status, 413);
        assert_eq!(unpack("gzip", b"no gzip").unwrap_err().status, 400);
        assert_eq!(unpack("zstd", b"no zstd").unwrap_err().status, 400);
    }

    #[test]
    fn a_body_comes_back_as_the_caller_takes_it() {
        let body = vec![b'a'; 4096];
        let asked = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_ENCODING, text.parse().unwrap());
            packed(&headers, &body)
        };
        for encoding in ["gzip", "zstd"] {
            let (said, bytes) = asked(encoding).unwrap();
            assert_eq!(
                (said, unpack(said, &bytes).unwrap()),
                (encoding, body.clone())
            );
        }
        assert!(asked("gzip;q=0, br").is_none());
        assert_eq!(asked("gzip, zstd;q=0").unwrap().0, "gzip");
    }
}
