//! The Python that runs the second verifiers: the system's, or one set up for the tests.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// An interpreter that has the `cryptography` package, which is installed into a virtual
/// environment under `target` where the system's own has none.
pub(crate) fn python() -> &'static Path {
    static PYTHON: OnceLock<PathBuf> = OnceLock::new();
    PYTHON.get_or_init(|| {
        let system = Path::new("python3");
        if has_cryptography(system) {
            return system.to_owned();
        }
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("verifiers");
        let own = folder.join("bin").join("python3");
        if !has_cryptography(&own) {
            run(Command::new(system).args(["-m", "venv"]).arg(&folder));
            run(Command::new(&own).args(["-m", "pip", "install", "--quiet", "cryptography"]));
        }
        own
    })
}

fn has_cryptography(python: &Path) -> bool {
    let imported = Command::new(python)
        .args(["-c", "import cryptography"])
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
