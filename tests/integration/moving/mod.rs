//! A trail as a whole: copied, backed up, restored.

mod backup;
mod copy;
mod killed;
mod on_server;
mod restore;
mod store;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use contextrail::record::{Actor, ActorKind, ActorMethod, Class, Draft};
use contextrail::trail::{Approval, Copied, Progress, Trail, TrailError, TrailOptions, Verified};
use serde_json::json;

use crate::sample::{assembled, context, entity, id};

/// A folder with one trail and room for others.
struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn url(&self, name: &str) -> String {
        format!("sqlite://{}", self.path(name).display())
    }

    async fn open(&self, name: &str) -> Trail {
        TrailOptions::new().open(&self.url(name)).await.unwrap()
    }

    /// Records the contexts of these numbers, each about a person of its own.
    async fn fill(&self, name: &str, numbers: std::ops::Range<u64>) {
        let trail = self.open(name).await;
        record(&trail, numbers).await;
        trail.close().await;
    }

    /// Flips a bit in the newest entry that names a context.
    fn tamper(&self, name: &str) {
        let mut bytes = fs::read(self.path(name)).unwrap();
        let entry = b"contextrail.context/1";
        let mut places = bytes.windows(entry.len());
        let at = places.rposition(|it| it == entry).unwrap();
        bytes[at] ^= 1;
        fs::write(self.path(name), bytes).unwrap();
    }

    async fn copy(&self, from: &str, to: &str) -> Result<Copied, TrailError> {
        let (from, to) = (self.url(from), self.url(to));
        let copied = TrailOptions::new().copy(&from, &to, false, quiet());
        copied.await
    }

    async fn backup(&self, name: &str, file: &str) {
        let options = TrailOptions::new();
        let trail = options.open_for_reading(&self.url(name)).await.unwrap();
        trail.backup(&self.path(file), quiet()).await.unwrap();
        trail.close().await;
    }

    async fn verify(&self, name: &str) -> Verified {
        let options = TrailOptions::new();
        let trail = options.open_for_reading(&self.url(name)).await.unwrap();
        let verified = trail.verify(0, Arc::new(|_| {})).await.unwrap();
        trail.close().await;
        verified
    }

    async fn size(&self, name: &str) -> u64 {
        let options = TrailOptions::new();
        let trail = options.open_for_reading(&self.url(name)).await.unwrap();
        let size = trail.status().await.unwrap().size;
        trail.close().await;
        size
    }

    /// Every file of the trail `name`, by what its name ends with.
    fn files(&self, name: &str) -> Vec<(String, Vec<u8>)> {
        let mut files = Vec::new();
        for file in fs::read_dir(self.0.path()).unwrap() {
            let path = file.unwrap().path();
            let found = path.file_name().unwrap().to_str().unwrap();
            let bytes = fs::read(&path).unwrap();
            // What readers leave is not of the trail.
            let is_left = |end: &str| match end {
                ".lock" | "-shm" => true,
                "-wal" => bytes.is_empty(),
                _ => false,
            };
            if let Some(end) = found.strip_prefix(name).filter(|end| !is_left(end)) {
                files.push((end.to_owned(), bytes));
            }
        }
        files.sort();
        files
    }
}

/// Asserts that files are as they were.
#[track_caller]
fn untouched(before: &[(String, Vec<u8>)], after: &[(String, Vec<u8>)]) {
    let differs = after.iter().filter(|file| !before.contains(file));
    let differs: Vec<&str> = differs.map(|(end, _)| end.as_str()).collect();
    assert_eq!((differs, after.len()), (vec![], before.len()));
}

fn quiet() -> Progress {
    Arc::new(|_| {})
}

fn whom(number: u64) -> String {
    format!("applicant:user-{number:05}")
}

/// What only the records about a person say.
fn word(number: u64) -> String {
    format!("canary-{:016x}", number.wrapping_mul(0x9e37_79b9_7f4a_7c15))
}

fn about(number: u64) -> Draft {
    let text = format!("{} asks for a loan", word(number));
    let (assembly, texts) = assembled(&[
        ("Shared policy", Class::Confidential),
        (&text, Class::Personal),
    ]);
    let mut draft = Draft::new(
        id(number),
        context(json!({
            "assembly": assembly,
            "entities": [entity(&whom(number))],
            "inputs": {"word": word(number)},
        })),
    );
    draft.texts = texts;
    draft
}

async fn record(trail: &Trail, numbers: std::ops::Range<u64>) {
    let mut tasks = tokio::task::JoinSet::new();
    for number in numbers {
        let trail = trail.clone();
        tasks.spawn(async move { trail.record(about(number)).await.unwrap() });
        if tasks.len() >= 64 {
            tasks.join_next().await.unwrap().unwrap();
        }
    }
    tasks.join_all().await;
}

/// Whether the words of a person can still be read.
async fn is_readable(trail: &Trail, number: u64) -> bool {
    let stored = trail.read(id(number)).await.unwrap().unwrap();
    let said = serde_json::to_string(stored.record()).unwrap();
    said.contains(&word(number))
}

fn people() -> Vec<Actor> {
    let person = |name: &str| Actor {
        id: name.parse().unwrap(),
        kind: ActorKind::Human,
        method: ActorMethod::Asserted,
    };
    vec![person("anna"), person("ben")]
}

fn approval() -> Option<Approval> {
    Some(Approval {
        reason: "the disk is lost".to_owned(),
        approved_by: people(),
    })
}

async fn erase(trail: &Trail, number: u64) {
    let whom = entity(&whom(number));
    trail.erase(&whom, "on request", people()).await.unwrap();
}

fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}
