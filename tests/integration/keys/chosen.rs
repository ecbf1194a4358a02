//! The file that says who keeps the key-encryption key, and the files of keys themselves.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;

use contextrail::privacy::keys::{KeyError, LocalKeys, ProviderChoice, Secret, Vault};
use contextrail::trail::{Trail, TrailError, TrailOptions};

use super::service::base64;
use crate::sample::{tenant, time};

fn read(text: &str) -> Result<Option<ProviderChoice>, KeyError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("trail.db.keys");
    fs::write(&path, text).unwrap();
    ProviderChoice::read(&path)
}

async fn open(path: &Path) -> Result<Trail, TrailError> {
    let url = format!("sqlite://{}", path.display());
    TrailOptions::new().open(&url).await
}

#[test]
fn each_provider_is_named_by_one_line() {
    assert_eq!(
        ProviderChoice::read(Path::new("/nowhere/x.keys")).unwrap(),
        None
    );
    let command = ProviderChoice::Command {
        program: "kms".to_owned(),
        arguments: vec!["--key".to_owned(), "loans".to_owned()],
    };
    assert_eq!(
        read("# who\n\n  command kms  --key loans \n").unwrap(),
        Some(command)
    );
    let http = ProviderChoice::Http {
        url: "https://kms.example/v1".to_owned(),
        token_env: "KMS_TOKEN".to_owned(),
    };
    let line = "http https://kms.example/v1 token-env KMS_TOKEN";
    assert_eq!(read(line).unwrap(), Some(http));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("trail.db.keys");
    for (line, expected) in [
        ("file other.kek", folder.path().join("other.kek")),
        ("file /etc/a key", "/etc/a key".into()),
    ] {
        fs::write(&path, line).unwrap();
        let chosen = ProviderChoice::read(&path).unwrap();
        assert_eq!(chosen, Some(ProviderChoice::File(expected)));
    }
}

#[test]
fn what_names_no_provider_is_refused_with_its_line() {
    for (text, line, why) in [
        ("", 1, "names no provider"),
        ("# nothing\n", 1, "names no provider"),
        ("\nfile\n", 2, "expected"),
        ("command", 1, "expected"),
        ("vault http://x", 1, "expected"),
        ("http https://x", 1, "expected"),
        ("http https://x token s3cret", 1, "by a variable"),
        ("http https://x token-env s3cret-token", 1, "by a variable"),
        ("file a\n# b\nfile c\n", 3, "leave one line"),
    ] {
        let error = read(text).unwrap_err();
        let said = error.to_string();
        let KeyError::Choice { path, line: at, .. } = error else {
            panic!("{said}")
        };
        assert!(path.ends_with("trail.db.keys"), "{said}");
        assert_eq!(at, line, "{said}");
        assert!(said.contains(why) && !said.contains("s3cret"), "{said}");
    }
}

#[tokio::test]
async fn a_trail_takes_the_provider_that_the_file_beside_it_names() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("trail.db");
    fs::write(folder.path().join("trail.db.keys"), "file elsewhere.kek\n").unwrap();
    let trail = open(&path).await.unwrap();
    let elsewhere = folder.path().join("elsewhere.kek");
    assert_eq!(trail.vault().provider(), elsewhere.to_str());
    trail.close().await;
    assert!(elsewhere.exists() && !folder.path().join("trail.db.kek").exists());

    let line = "http https://kms.example token-env CONTEXTRAIL_NO_SUCH_VARIABLE\n";
    fs::write(folder.path().join("trail.db.keys"), line).unwrap();
    let error = open(&path).await.unwrap_err().to_string();
    assert!(error.contains("CONTEXTRAIL_NO_SUCH_VARIABLE"), "{error}");

    fs::write(folder.path().join("trail.db.keys"), "fyle x\n").unwrap();
    let error = open(&path).await.unwrap_err().to_string();
    assert!(error.contains("trail.db.keys, line 1: expected"), "{error}");
    let url = format!("sqlite://{}", path.display());
    let reader = TrailOptions::new().open_for_reading(&url).await.unwrap();
    assert!(reader.vault().why_locked().unwrap().contains("line 1"));
    assert_eq!(reader.vault().provider(), None);
    assert_eq!(
        reader.vault().status().len(),
        2,
        "the keyring is listed all the same"
    );
    reader.close().await;
}

#[tokio::test]
async fn a_file_that_two_trails_share_keeps_the_keys_of_both() {
    let folder = tempfile::tempdir().unwrap();
    let paths = ["a.db", "b.db"].map(|name| folder.path().join(name));
    for path in &paths {
        let choice = format!("{}.keys", path.display());
        fs::write(choice, "file shared.kek\n").unwrap();
        open(path).await.unwrap().close().await;
    }
    let trail = open(&paths[0]).await.unwrap();
    trail.rotate_key_encryption().await.unwrap();
    trail.close().await;
    for path in &paths {
        open(path).await.unwrap().close().await;
    }
    // Both open at once.
    let both = [
        open(&paths[0]).await.unwrap(),
        open(&paths[1]).await.unwrap(),
    ];
    for trail in &both {
        trail.rotate_key_encryption().await.unwrap();
        trail.close().await;
    }
    for path in &paths {
        open(path).await.unwrap().close().await;
    }
    let keys = fs::read_to_string(folder.path().join("shared.kek")).unwrap();
    assert_eq!(keys.lines().count(), 4);
}

#[tokio::test]
async fn files_of_keys_that_others_can_read_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("trail.db");
    open(&path).await.unwrap().close().await;
    for name in ["trail.db.kek", "trail.db.keyring"] {
        let file = folder.path().join(name);
        assert_eq!(mode(&file), 0o600, "{name}");
        for wider in [0o640, 0o604, 0o620, 0o610, 0o666] {
            fs::set_permissions(&file, fs::Permissions::from_mode(wider)).unwrap();
            let error = open(&path).await.unwrap_err().to_string();
            assert!(
                error.contains(name) && error.contains("chmod 600"),
                "{error}"
            );
        }
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    }
    open(&path).await.unwrap().close().await;
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[tokio::test]
async fn secrets_are_not_shown() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kek");
    let keys = Arc::new(LocalKeys::open(&path).unwrap());
    let vault = Vault::open(None, keys.clone(), &tenant("t"), Some(time(0)))
        .await
        .unwrap();
    let owner = vault.create(vault.handle(None).unwrap()).unwrap();
    let kek = fs::read_to_string(&path).unwrap();
    let (_, encoded) = kek.trim().split_once(' ').unwrap();
    for shown in [
        format!("{keys:?}"),
        format!("{vault:?}"),
        format!("{owner:?}"),
        format!("{:?}", Secret::from_bytes([7; 32])),
    ] {
        assert!(!shown.contains(encoded), "{shown}");
        assert!(!shown.contains("7, 7, 7"), "{shown}");
        let secret = owner.secret.as_bytes();
        assert!(!shown.contains(&base64(secret)) && !shown.contains(&format!("{secret:?}")));
    }
}
