//! When witnesses and timestamp authorities are asked about signed heads.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::time::Instant;

use crate::notary::{Ask, Notary};

/// The task that has signed heads attested, one after the other; those signed meanwhile are passed
/// over.
///
/// Witnesses are asked about each. A token has the size of many heads, and authorities count what
/// they give: they are asked once a minute while the log grows, when somebody waits, and at the end.
pub(super) struct Asking {
    notary: Arc<Notary>,
    wanted: Arc<Notify>,
    /// When everybody was asked last.
    all_asked: Option<Instant>,
    /// When to ask without being told to.
    due: Option<Instant>,
    pause: Duration,
    /// Whether there may be a head that not everybody was asked about.
    open: bool,
}

impl Asking {
    pub(super) fn new(notary: Arc<Notary>, wanted: Arc<Notify>) -> Self {
        Self {
            notary,
            wanted,
            all_asked: None,
            due: None,
            pause: FIRST_PAUSE,
            open: false,
        }
    }

    /// Runs until nothing more is signed.
    pub(super) async fn run(mut self, mut signed: watch::Receiver<()>) {
        loop {
            let due = self.due;
            let at_due = async {
                match due {
                    Some(due) => tokio::time::sleep_until(due).await,
                    None => std::future::pending().await,
                }
            };
            let ask = tokio::select! {
                changed = signed.changed() => match changed {
                    Ok(()) => self.by_the_clock(),
                    Err(_) => break,
                },
                () = self.wanted.notified() => Ask::Everybody,
                () = at_due => self.by_the_clock(),
            };
            self.ask(ask).await;
        }
        if self.open {
            self.ask(Ask::Everybody).await;
        }
    }

    fn by_the_clock(&self) -> Ask {
        match self.all_asked {
            Some(at) if at.elapsed() < STAMPING => Ask::Witnesses,
            _ => Ask::Everybody,
        }
    }

    async fn ask(&mut self, ask: Ask) {
        self.open = ask != Ask::Everybody;
        if ask == Ask::Everybody {
            self.all_asked = Some(Instant::now());
        }
        let head = match self.notary.attest(ask).await {
            Ok(head) => head,
            Err(error) => {
                tracing::error!(error = %error, "the newest head is not attested");
                self.due = None;
                return;
            }
        };
        let lacks = |ask| head.as_ref().is_some_and(|it| self.notary.lacks(it, ask));
        if lacks(Ask::Witnesses) {
            self.due = Some(Instant::now() + self.pause);
            self.pause = (self.pause * 2).min(STAMPING);
        } else {
            self.pause = FIRST_PAUSE;
            self.due = lacks(Ask::Everybody)
                .then(|| self.all_asked.unwrap_or_else(Instant::now) + STAMPING);
        }
    }
}

/// How long a witness that did not answer is left alone at first, while no new head is signed.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// How often authorities are asked while the log grows.
const STAMPING: Duration = Duration::from_secs(60);
