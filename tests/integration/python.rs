//! The Python that runs the second verifiers and snippets: the system's, or one set up for the tests.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// An interpreter that has the packages `cryptography` and `requests`, which are installed into a
/// virtual environment under `target` where the system's own lacks one.
pub(crate) fn python() -> &'static Path {
    static PYTHON: OnceLock<PathBuf> = OnceLock::new();
    PYTHON.get_or_init(|| {
        let system = Path::new("python3");
        if has_packages(system) {
            return system.to_owned();
        }
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("verifiers");
        let own = folder.join("bin").join("python3");
        if !has_packages(&own) {
            run(Command::new(system).args(["-m", "venv"]).arg(&folder));
            run(Command::new(&own).args([
                "-m",
                "pip",
                "install",
                "--quiet",
                "cryptography",
                "requests",
            ]));
        }
        own
    })
}

fn has_packages(python: &Path) -> bool {
    let imported = Command::new(python)
        .args(["-c", "import cryptography, requests"])
        .output();
    imported.is_ok_and(|output| output.status.success())
}

fn run(command: &mut Command) {
    let output = command
        .output()
        .expect("the second verifiers need Python 3");
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {error}");
}
