//! What is stored beside the records: shared texts, and the keys of entities.

use sha2::{Digest as _, Sha256};

use super::Audit;
use crate::privacy::keys::KeyId;
use crate::store::pack::unpack;

impl Audit<'_> {
    /// Takes a shared text as it is stored.
    pub(in crate::store) fn text(&mut self, sha256: &[u8], body: &[u8], is_whole: bool) {
        let name: String = sha256.iter().map(|byte| format!("{byte:02x}")).collect();
        self.found.texts += 1;
        match unpack(body) {
            Err(error) => self.wrong("shared_text", &name, "body", error.to_string()),
            Ok(text) => {
                self.found.bytes += u64::try_from(text.len()).unwrap_or(0);
                let digest: [u8; 32] = Sha256::digest(&text).into();
                if digest.as_slice() != sha256 {
                    self.wrong(
                        "shared_text",
                        &name,
                        "body",
                        "it is not the text of its digest",
                    );
                }
            }
        }
        let is_known = <[u8; 32]>::try_from(sha256).is_ok_and(|digest| {
            let may_lack = self.may_lack.remove(&digest);
            self.shared.remove(&digest) || may_lack
        });
        // What points at it may be in a record that cannot be read now.
        if !is_known && is_whole && self.unread.is_empty() {
            self.wrong("shared_text", &name, "row", "no record points at it");
        }
    }

    /// Takes the key of an entity as it is stored; `fault` is the column that is wrong, and how.
    pub(in crate::store) fn entity_key(
        &mut self,
        id: KeyId,
        fault: Option<(&'static str, String)>,
        is_whole: bool,
    ) {
        self.stored_keys.insert(id);
        if let Some((field, fault)) = fault {
            self.wrong("entity_key", row_of_key(id), field, fault);
        }
        if is_whole && !self.has_expiries && !self.entity_keys.contains(&id) {
            let what = "nothing is encrypted under it";
            self.wrong("entity_key", row_of_key(id), "row", what);
        }
    }

    /// Names the keys that slots are encrypted under and that are not there.
    pub(super) fn missing_keys(&mut self) {
        let missing = self.entity_keys.difference(&self.stored_keys);
        let missing: Vec<String> = missing.copied().map(row_of_key).collect();
        for row in missing {
            let what = "it is missing, and values are encrypted under it";
            self.wrong("entity_key", row, "row", what);
        }
    }
}

/// What names the key of an entity among the rows of its table.
fn row_of_key(id: KeyId) -> String {
    let entity = id.entity.0.iter().map(|byte| format!("{byte:02x}"));
    format!("{}/{}", entity.collect::<String>(), id.number)
}
