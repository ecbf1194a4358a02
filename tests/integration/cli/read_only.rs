//! A trail in a folder that cannot be written: evidence handed over on a read-only medium.
#![cfg(unix)]

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Output};

use contextrail::trail::Trail;

use super::{Folder, trail_of};

/// A read-only folder with `names` out of `from`, and a program that anybody may run.
struct ReadOnly(Folder);

impl ReadOnly {
    fn with(from: &Folder, names: &[&str]) -> Self {
        let folder = Folder::new();
        let program = env!("CARGO_BIN_EXE_contextrail");
        // Copied by another process: a program that is being started by another test would inherit the
        // file as open for writing, and what is open for writing cannot be run.
        let mut copy = Command::new("cp");
        copy.arg(program).arg(folder.path("contextrail"));
        assert!(copy.status().unwrap().success());
        fs::create_dir(folder.path("medium")).unwrap();
        for name in names {
            let copy = folder.path("medium").join(name);
            fs::copy(from.path(name), &copy).unwrap();
            fs::set_permissions(&copy, Permissions::from_mode(0o444)).unwrap();
        }
        for (path, mode) in [("", 0o755), ("contextrail", 0o755), ("medium", 0o555)] {
            fs::set_permissions(folder.path(path), Permissions::from_mode(mode)).unwrap();
        }
        Self(folder)
    }

    /// Runs the program as somebody whom permissions stop: the administrator they do not.
    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(self.0.path("contextrail"));
        command.args(arguments).current_dir(self.0.path("medium"));
        command.env_remove("CONTEXTRAIL_TRAIL");
        if is_administrator(&self.0.path("contextrail")) {
            command.uid(NOBODY).gid(NOBODY);
        }
        command.output().unwrap()
    }
}

impl Drop for ReadOnly {
    fn drop(&mut self) {
        // So that the folder can be removed.
        drop(fs::set_permissions(
            self.0.path("medium"),
            Permissions::from_mode(0o755),
        ));
    }
}

/// Whoever runs the tests owns the files that they make.
fn is_administrator(own: &Path) -> bool {
    own.metadata().unwrap().uid() == 0
}

const NOBODY: u32 = 65_534;

#[test]
fn a_trail_in_a_read_only_folder_can_be_read_and_verified() {
    let folder = Folder::new();
    let id = folder.assemble("a", "text");
    let medium = ReadOnly::with(&folder, &["contextrail.db"]);
    for arguments in [
        &["context", "show", &id][..],
        &["context", "list"],
        &["verify"],
    ] {
        let output = medium.run(arguments);
        assert!(output.status.success(), "{output:?}");
    }
    let names = fs::read_dir(medium.0.path("medium")).unwrap().count();
    assert_eq!(names, 1, "reading has made a file");
    // The keys of personal values stayed where they are.
    for arguments in [&["context", "text", &id][..], &["entity", "show", "a:b"]] {
        let output = medium.run(arguments);
        assert!(!output.status.success(), "{output:?}");
        let told = String::from_utf8(output.stderr).unwrap();
        assert!(told.contains("contextrail.db.keyring is missing"), "{told}");
    }
    let output = medium.run(&["outcome", "add", &id, "--kind", "k"]);
    assert_eq!(output.status.code(), Some(6), "{output:?}");
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.contains("read-only"), "{told}");
}

#[test]
fn entries_in_a_write_ahead_log_of_a_read_only_folder_are_not_left_out_silently() {
    let folder = Folder::new();
    let id = folder.assemble("a", "text");
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let url = trail_of(&folder.path("contextrail.db"));
    let medium = runtime.block_on(async {
        let trail = Trail::open(&url).await.unwrap();
        trail
            .decide("loan_application", "1")
            .outcome("approved")
            .from_context_id(id.parse().unwrap())
            .commit()
            .await
            .unwrap();
        let medium = ReadOnly::with(&folder, &["contextrail.db", "contextrail.db-wal"]);
        trail.close().await;
        medium
    });
    let output = medium.run(&["context", "show", &id]);
    assert_eq!(output.status.code(), Some(6), "{output:?}");
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(
        told.contains("read-only folder") && told.contains("contextrail.db-wal"),
        "{told}"
    );
}
