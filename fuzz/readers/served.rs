//! A server on loopback, and one connection to it.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener as StdListener, TcpStream};
use std::sync::mpsc::channel;

use contextrail::server::{Oidc, ServeOptions, serve};
use tokio::net::TcpListener;

use super::ground;

/// Starts a server that ends with the process, and gives its address.
pub(super) fn start(oidc: Option<Oidc>) -> SocketAddr {
    let listener = StdListener::bind("127.0.0.1:0").expect("loopback can be listened on");
    listener.set_nonblocking(true).expect("it is a listener");
    let (tell, told) = channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("the system has threads");
        runtime.block_on(async {
            let trail = ground::options().open_in_memory().await;
            let trail = trail.expect("memory can be used");
            let listener = TcpListener::from_std(listener).expect("it is a listener");
            let address = listener.local_addr().expect("it is bound");
            tell.send(address).expect("it is waited for");
            let options = ServeOptions::default().with_oidc(oidc);
            let served = serve(listener, trail, options, std::future::pending());
            served.await.expect("it listens on loopback");
        });
    });
    told.recv().expect("the server starts")
}

/// A connection that is made anew when the server ends it.
pub(super) struct Connection {
    address: SocketAddr,
    stream: Option<BufReader<TcpStream>>,
}

impl Connection {
    pub(super) const fn to(address: SocketAddr) -> Self {
        Self {
            address,
            stream: None,
        }
    }

    pub(super) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Sends a request and reads the answer whole: the status. Every request gets one.
    pub(super) fn ask(&mut self, request: &[u8], has_body: bool) -> u16 {
        for _ in 0..3 {
            let stream = self.stream.take().map_or_else(|| self.connect(), Some);
            let Some(mut stream) = stream else { continue };
            // One that was left open may have been closed meanwhile.
            let sent = stream.get_mut().write_all(request);
            if let (Ok(()), Some((status, is_open))) = (sent, answer(&mut stream, has_body)) {
                self.stream = is_open.then_some(stream);
                return status;
            }
        }
        panic!("the server does not answer");
    }

    fn connect(&self) -> Option<BufReader<TcpStream>> {
        let stream = TcpStream::connect(self.address).ok()?;
        stream.set_nodelay(true).ok()?;
        Some(BufReader::new(stream))
    }
}

/// The status of an answer, and whether the connection goes on.
fn answer(stream: &mut BufReader<TcpStream>, has_body: bool) -> Option<(u16, bool)> {
    let mut line = String::new();
    stream.read_line(&mut line).ok().filter(|read| *read > 0)?;
    let status = line.split(' ').nth(1)?.parse().ok()?;
    let (mut length, mut is_open) = (0, true);
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).ok().filter(|read| *read > 0)?;
        let Some((name, value)) = line.trim_end().split_once(':') else {
            break;
        };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.trim().parse().ok()?,
            "connection" => is_open = !value.trim().eq_ignore_ascii_case("close"),
            _ => {}
        }
    }
    let mut body = vec![0; if has_body { length } else { 0 }];
    stream.read_exact(&mut body).ok()?;
    Some((status, is_open))
}

/// `bytes` as they can stand in the first line or in a header: what cannot is percent-encoded.
pub(super) fn visible(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for byte in bytes {
        if byte.is_ascii_graphic() {
            text.push(char::from(*byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
    }
    text
}
