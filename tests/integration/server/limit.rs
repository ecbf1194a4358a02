//! Requests that would take too much, and those that are none.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};

use flate2::Compression;
use flate2::write::GzEncoder;

use super::{JSON, PATIENCE, Reply, Server, request};

/// Sends bytes as they are, and gives what comes back until the other end closes.
pub(super) fn raw(address: SocketAddr, bytes: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    drop(stream.write_all(bytes));
    let mut came = Vec::new();
    drop(stream.read_to_end(&mut came));
    came
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn bodies_that_are_too_large_are_refused_packed_or_not() {
    let server = Server::start();
    let post = |headers: &[(&str, &str)], body: &[u8]| {
        server.send("ingest", "POST /v1/contexts:assemble", headers, body)
    };
    let with = |encoding| [JSON[0], ("Content-Encoding", encoding)];
    post(JSON, &vec![b' '; (8 << 20) + 1]).problem(413, "too_large");
    let bomb = vec![b' '; 200 << 20];
    post(&with("gzip"), &gzip(&bomb)).problem(413, "too_large");
    post(&with("zstd"), &zstd::bulk::compress(&bomb, 1).unwrap()).problem(413, "too_large");
    drop(bomb);
    post(&with("gzip"), b"this is no gzip").problem(400, "broken_body");
    post(&with("br"), b"{}").problem(415, "content_encoding");
    let deep = [vec![b'['; 100_000], vec![b']'; 100_000]].concat();
    let reply = post(JSON, &deep);
    assert!([400, 413].contains(&reply.status), "{}", reply.text());

    // What fits is taken, and comes back packed for whoever takes it so.
    let mut body = request("user_1", &"a long letter ".repeat(200));
    body["budget"]["limit"] = 4_000.into();
    let body = body.to_string();
    let reply = post(
        &[
            JSON[0],
            ("Content-Encoding", "gzip"),
            ("Accept-Encoding", "zstd, gzip;q=0.5"),
        ],
        &gzip(body.as_bytes()),
    )
    .is(201);
    assert_eq!(reply.headers["content-encoding"], "zstd");
    let answer = zstd::bulk::decompress(&reply.body, 1 << 20).unwrap();
    assert!(String::from_utf8(answer).unwrap().contains("a long letter"));
    server.verified();
}

#[test]
fn who_is_slow_or_sends_nonsense_keeps_nobody_else_waiting() {
    let server = Server::start();
    let mut slow: Vec<TcpStream> = (0..200)
        .map(|_| {
            let mut stream = TcpStream::connect(server.address).unwrap();
            stream
                .write_all(b"POST /v1/contexts:assemble HTTP/1.1\r\nHost: x\r\nX-A: b")
                .unwrap();
            stream
        })
        .collect();
    // A body that is announced and does not come.
    let mut half = TcpStream::connect(server.address).unwrap();
    let head = format!(
        "POST /v1/contexts:assemble HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{{",
        server.tokens["ingest"]
    );
    half.write_all(head.as_bytes()).unwrap();
    let many = "X-B: c\r\n".repeat(500);
    for nonsense in [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec(),
        b"GET / HTTP/9.9\r\n\r\n".to_vec(),
        b"GET /v1/contexts HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n".to_vec(),
        b"POST /v1/contexts HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\nzz\r\n".to_vec(),
        format!("GET / HTTP/1.1\r\nHost: x\r\n{many}\r\n").into_bytes(),
        format!("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", "a".repeat(200_000)).into_bytes(),
    ] {
        let came = raw(server.address, &nonsense);
        if !came.is_empty() {
            let status = Reply::of(&came).status;
            assert!((400..500).contains(&status), "{status}");
        }
    }
    server.context("user_1", "a letter");
    // They are let go in the end.
    let mut came = Vec::new();
    half.set_read_timeout(Some(PATIENCE)).unwrap();
    drop(half.read_to_end(&mut came));
    assert_eq!(Reply::of(&came).status, 408);
    for stream in &mut slow {
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let ended = stream.read_to_end(&mut Vec::new());
        let is_reset = ended
            .as_ref()
            .is_err_and(|it| it.kind() == std::io::ErrorKind::ConnectionReset);
        assert!(ended.is_ok() || is_reset, "{ended:?}");
    }
    server.verified();
}
