//! A witness that listens, and what it answers to bytes.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use contextrail::log::VerifierKey;
use contextrail::notary::{Attesters, Witness, WitnessAddress};
use contextrail::record::SystemClock;
use contextrail::server::serve_witness;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// A witness on the loopback interface.
pub(super) struct Served {
    pub(super) address: SocketAddr,
    pub(super) key: VerifierKey,
    witness: Arc<Witness>,
    stop: oneshot::Sender<()>,
    task: JoinHandle<std::io::Result<()>>,
}

/// What was answered.
#[derive(Debug)]
pub(super) struct Answered {
    pub(super) status: u16,
    pub(super) media_type: String,
    pub(super) body: String,
}

impl Served {
    /// Serves the witness in `folder`, which watches the logs of `keys`, on a free port.
    pub(super) async fn start(folder: &Path, keys: &[VerifierKey]) -> Self {
        Self::start_at("127.0.0.1:0".parse().unwrap(), folder, keys).await
    }

    pub(super) async fn start_at(address: SocketAddr, folder: &Path, keys: &[VerifierKey]) -> Self {
        let name = "witness.example".parse().unwrap();
        let witness = Witness::open(folder, &name, keys.to_vec(), Arc::new(SystemClock)).unwrap();
        let witness = Arc::new(witness);
        let listener = TcpListener::bind(address).await.unwrap();
        let (stop, stopped) = oneshot::channel();
        Self {
            address: listener.local_addr().unwrap(),
            key: witness.verifier_key(),
            task: tokio::spawn(serve_witness(listener, Arc::clone(&witness), async {
                drop(stopped.await);
            })),
            witness,
            stop,
        }
    }

    /// Who is asked by a trail that has this witness.
    pub(super) fn attesters(&self) -> Attesters {
        Attesters {
            witnesses: vec![WitnessAddress {
                url: format!("http://{}", self.address),
                key: self.key.clone(),
            }],
            authorities: Vec::new(),
        }
    }

    /// The size of the log as the witness has last seen it.
    pub(super) fn size(&self, origin: &str) -> u64 {
        self.witness.newest(origin).unwrap().size
    }

    pub(super) fn add_checkpoint(&self, body: impl AsRef<[u8]>) -> Answered {
        post(self.address, "/add-checkpoint", body.as_ref())
    }

    pub(super) async fn stop(self) {
        drop(self.stop);
        self.task.await.unwrap().unwrap();
    }
}

/// Posts `body` and reads the answer to its end.
pub(super) fn post(address: SocketAddr, path: &str, body: &[u8]) -> Answered {
    let mut stream = TcpStream::connect(address).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(60)))
        .unwrap();
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: {address}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    // A body that is refused by its length need not be taken.
    drop(stream.write_all(body));
    let mut answer = Vec::new();
    drop(stream.read_to_end(&mut answer));
    let answer = String::from_utf8(answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let media_type = head
        .lines()
        .filter_map(|line| line.split_once(": "))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-type"))
        .map_or("", |(_, value)| value);
    Answered {
        status: head[9..12].parse().unwrap(),
        media_type: media_type.to_owned(),
        body: body.to_owned(),
    }
}
