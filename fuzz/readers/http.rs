//! Requests to the server: addresses with their filters and cursors, and bodies. Each is answered, and none of
//! them is a fault of the server.
//!
//! The first line has the method, the address, the type of the body and its encoding; the rest is the body.

use std::cell::RefCell;
use std::sync::OnceLock;

use super::served::{Connection, start, visible};

const METHODS: [&str; 6] = ["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS"];

pub(super) fn run(data: &[u8]) {
    static SERVER: OnceLock<std::net::SocketAddr> = OnceLock::new();
    thread_local! {
        static CONNECTION: RefCell<Option<Connection>> = const { RefCell::new(None) };
    }
    let end = data.iter().position(|byte| *byte == b'\n');
    let (first, body) = data.split_at(end.unwrap_or(data.len()));
    let body = body.get(1..).unwrap_or_default();
    let mut words = first.split(|byte| *byte == b' ').map(visible);
    let method = words.next().unwrap_or_default();
    let method = METHODS
        .into_iter()
        .find(|it| *it == method)
        .unwrap_or("GET");
    let path = words.next().unwrap_or_default();
    let path = path.trim_start_matches('/');
    let mut head = format!("{method} /{path} HTTP/1.1\r\nhost: 127.0.0.1\r\n");
    for (header, word) in ["content-type", "content-encoding"].into_iter().zip(words) {
        head.push_str(&format!("{header}: {word}\r\n"));
    }
    head.push_str(&format!("content-length: {}\r\n\r\n", body.len()));
    let request = [head.as_bytes(), body].concat();
    let address = *SERVER.get_or_init(|| start(None));
    CONNECTION.with_borrow_mut(|connection| {
        let connection = connection.get_or_insert_with(|| Connection::to(address));
        assert_eq!(connection.address(), address);
        let status = connection.ask(&request, method != "HEAD");
        let shown = String::from_utf8_lossy(&request);
        assert!(status < 500 || status == 503, "{status} to {shown}");
    });
}
