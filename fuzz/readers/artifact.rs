//! Files of artifacts and objectives: what is read is registered, and read back as the same version.

use contextrail::codec::{Format, read};
use contextrail::govern::{advise, read_artifact};
use contextrail::record::Name;

use super::ground;

pub(super) fn run(data: &[u8]) {
    let format = match data.first() {
        Some(b'{') => Format::Json,
        _ => Format::Yaml,
    };
    let node = match read(data, format) {
        Ok(node) => node,
        Err(error) => return drop(advise(data, error)),
    };
    let name = Name::new("named").expect("it is a name");
    let Ok(file) = read_artifact(&node, Some(&name), &ground::somebody()) else {
        return;
    };
    ground::on_trail(ground::options(), |trail| async move {
        let artifact = file.artifact;
        let version = artifact.id();
        if trail.register(artifact.clone(), None).await.is_err() {
            return;
        }
        let registry = trail.registry().await.expect("memory can be read");
        let known = registry.version(&version).expect("it was registered");
        assert_eq!(known.artifact.digest, artifact.digest);
        let again = trail.register(artifact, None).await;
        assert!(
            again.is_ok_and(|it| it.is_none()),
            "the same version differs"
        );
    });
}
