//! A real timestamp authority on the loopback interface: `openssl ts` behind a small HTTP server.

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tempfile::TempDir;

mod issue;

/// What is special about an authority.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[allow(dead_code, reason = "each user of this file needs some of them")]
pub(crate) enum Kind {
    /// RSA of 2048 bits.
    Rsa,
    /// ECDSA on P-256.
    P256,
    /// ECDSA on P-384, signing with SHA-384.
    P384,
    /// Ed25519: openssl 3.0 issues the certificate and cannot make tokens with it.
    Ed25519,
    /// RSA of 1024 bits.
    ShortKey,
    /// Its certificate ended in 2021.
    Expired,
    /// Its root ended in 2021.
    ExpiredRoot,
    /// Its certificate is for any use: no extended key usage. openssl makes no tokens with it.
    NoUsage,
    /// Its extended key usage is not critical. openssl makes no tokens with it.
    UncriticalUsage,
    /// It is a web server as well. openssl makes no tokens with it.
    SecondUsage,
    /// Its key may only be used for key agreement. openssl makes no tokens with it.
    OtherKeyUsage,
    /// An authority between it and the root.
    Intermediate,
    /// What stands between it and the root is no authority.
    FalseIntermediate,
    /// What stands between it and the root may not issue certificates: key usage.
    MutedIntermediate,
    /// What stands between it and the root has an RSA key of 4608 bits.
    LongIntermediate,
    /// Its root allows no authority below it, and there is one.
    ShallowRoot,
    /// The key of its root is on P-521.
    OtherCurve,
    /// Its certificate is signed with SHA-1.
    Sha1Certificate,
    /// It refuses SHA-256.
    Refusing,
    /// It names its certificate by SHA-1, as RFC 3161 had it before RFC 5816.
    FirstReference,
    /// It puts its root into its tokens as well.
    WithRoot,
}

impl Kind {
    /// Whether its key, and that of its root, is RSA of 2048 bits; else they are P-256 where the
    /// kind says nothing else.
    pub(crate) fn signs_with_rsa(self) -> bool {
        matches!(self, Self::Rsa | Self::FirstReference | Self::Intermediate)
    }
}

/// A running authority; dropping it stops its server and removes its files.
#[derive(Debug)]
pub(crate) struct Tsa {
    /// Where to post requests to.
    pub(crate) url: String,
    /// Its root certificate.
    pub(crate) ca_pem: String,
    address: SocketAddr,
    stopped: Arc<AtomicBool>,
    server: Option<JoinHandle<()>>,
    files: TempDir,
}

/// Starts an authority on a free port of the loopback interface.
pub(crate) fn start(kind: Kind) -> Tsa {
    let files = tempfile::tempdir().unwrap();
    issue::certificates(files.path(), kind);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let stopped = Arc::new(AtomicBool::new(false));
    let server = {
        let stopped = Arc::clone(&stopped);
        let folder = files.path().to_owned();
        thread::spawn(move || serve(&listener, &stopped, &folder))
    };
    Tsa {
        url: format!("http://{address}/tsa"),
        ca_pem: fs::read_to_string(files.path().join("ca.pem")).unwrap(),
        address,
        stopped,
        server: Some(server),
        files,
    }
}

#[allow(dead_code, reason = "each user of this file needs some of them")]
impl Tsa {
    /// The body of its answer to the request `der`.
    pub(crate) fn ask(&self, der: &[u8]) -> Vec<u8> {
        let mut stream = TcpStream::connect(self.address).unwrap();
        let head = format!(
            "POST {} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/timestamp-query\r\n\
             Content-Length: {}\r\nConnection: close\r\n\r\n",
            self.url,
            self.address,
            der.len()
        );
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(der).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        let body = end_of_head(&answer).unwrap();
        assert!(answer.starts_with(b"HTTP/1.1 200 "), "the answer is no 200");
        answer.split_off(body)
    }

    /// One of its files: `ca.pem`, `tsa.pem`, `tsa.key`, `middle.pem`.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.files.path().join(name)
    }

    /// One of its certificates in DER.
    pub(crate) fn certificate(&self, name: &str) -> Vec<u8> {
        let path = self.file(name);
        run(
            self.files.path(),
            &format!("x509 -in {} -outform DER", path.display()),
        )
    }

    /// Its key, as PKCS #8 in DER.
    pub(crate) fn key(&self) -> Vec<u8> {
        run(
            self.files.path(),
            "pkcs8 -topk8 -nocrypt -in tsa.key -outform DER",
        )
    }
}

impl Drop for Tsa {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::SeqCst);
        // The server waits in `accept`; a connection is what wakes it.
        drop(TcpStream::connect(self.address));
        if let Some(server) = self.server.take() {
            let ended = server.join();
            assert!(thread::panicking() || ended.is_ok(), "the authority failed");
        }
    }
}

/// What `openssl` with `arguments`, split at spaces, writes; it must succeed.
pub(crate) fn run(folder: &Path, arguments: &str) -> Vec<u8> {
    let output = Command::new("openssl")
        .args(arguments.split(' '))
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "openssl {arguments}: {error}");
    output.stdout
}

fn serve(listener: &TcpListener, stopped: &AtomicBool, folder: &Path) {
    for stream in listener.incoming() {
        if stopped.load(Ordering::SeqCst) {
            return;
        }
        // A client that goes away, or sends nonsense, must not end the authority.
        if let Ok(mut stream) = stream {
            drop(answer(&mut stream, folder));
        }
    }
}

fn answer(stream: &mut TcpStream, folder: &Path) -> std::io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    let Some(query) = read_query(stream)? else {
        return stream.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
    };
    fs::write(folder.join("query.tsq"), query)?;
    run(
        folder,
        "ts -reply -config tsa.cnf -section tsa_config -queryfile query.tsq -out reply.tsr",
    );
    let reply = fs::read(folder.join("reply.tsr"))?;
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/timestamp-reply\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n",
        reply.len()
    );
    stream.write_all(head.as_bytes())?;
    stream.write_all(&reply)
}

/// The body of the request, if it is a timestamp query.
fn read_query(stream: &mut TcpStream) -> std::io::Result<Option<Vec<u8>>> {
    let mut received = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let count = stream.read(&mut buffer)?;
        received.extend_from_slice(&buffer[..count]);
        if let Some(body) = end_of_head(&received) {
            let head = String::from_utf8_lossy(&received[..body]).to_lowercase();
            let length =
                header(&head, "content-length").and_then(|text| text.parse::<usize>().ok());
            let is_query = head.starts_with("post ")
                && header(&head, "content-type") == Some("application/timestamp-query");
            match length {
                Some(length) if is_query && received.len() >= body + length => {
                    return Ok(Some(received[body..body + length].to_vec()));
                }
                Some(_) if is_query => {}
                _ => return Ok(None),
            }
        }
        if count == 0 || received.len() > 65_536 {
            return Ok(None);
        }
    }
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(found, _)| *found == name)
        .map(|(_, value)| value.trim())
}

fn end_of_head(bytes: &[u8]) -> Option<usize> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
    Some(end + 4)
}

/// The policy the authorities state.
pub(crate) const POLICY: &str = "1.3.6.1.4.1.13762.3";
