//! What sealing, encrypting and opening one record of W1 cost by themselves, without a store.

use std::sync::Arc;
use std::time::{Duration, Instant};

use contextrail::privacy::keys::{SlotPlace, Vault};
use contextrail::record::Kind;
use contextrail::seal::{Sealed, Slot, Source, audit, seal};
use contextrail::store::{Prepared, handles};
use contextrail::trail::{Search, Trail};

use super::draft::draft;
use super::report::Table;
use super::workload::Workload;
use super::{BoxError, Place, drive};

/// Seals records of W1 anew, prepares, encrypts and audits them, each in the best of `rounds` rounds.
/// Preparing contains the encrypting, which is measured alone besides.
pub(crate) async fn sealing(rounds: u32) -> Result<(), BoxError> {
    let place = Place::new()?;
    let trail = Trail::open(&place.url()).await?;
    let workload = Arc::new(Workload::new(false));
    drive(&trail, &workload, (0, 64), 1, true).await?;
    let table = Table::new(
        "one record",
        &["seal µs", "prepare µs", "encrypt µs", "audit µs"],
    );
    for kind in [Kind::Context, Kind::Decision] {
        let search = Search {
            kind: Some(kind),
            ..Search::default()
        };
        let mut drafts = Vec::new();
        for stored in trail.search(search).await?.take(64).await? {
            drafts.push((stored.record().head.clone(), draft(&trail, &stored).await?));
        }
        let mut best = [Duration::MAX; 4];
        for _ in 0..rounds {
            let drafts = drafts.clone();
            let mut sealed: Vec<Sealed> = Vec::with_capacity(drafts.len());
            let started = Instant::now();
            for (head, draft) in drafts {
                sealed.push(seal(head, draft, &Source::New)?);
            }
            best[0] = best[0].min(started.elapsed());
            let started = Instant::now();
            for sealed in &sealed {
                Prepared::new(sealed, Vec::new(), trail.vault())?;
            }
            best[1] = best[1].min(started.elapsed());
            let started = Instant::now();
            for sealed in &sealed {
                encrypt(sealed, trail.vault())?;
            }
            best[2] = best[2].min(started.elapsed());
            let started = Instant::now();
            for sealed in &sealed {
                let (opened, faults) = audit(&sealed.slots)?;
                let keys = handles(&opened.record, &opened.about);
                if opened.root != sealed.root || !faults.is_empty() || keys.is_empty() {
                    return Err(format!("{faults:?}").into());
                }
                keys.iter().map(|it| it.key(trail.vault())).for_each(drop);
            }
            best[3] = best[3].min(started.elapsed());
        }
        let records = u32::try_from(drafts.len())?;
        let best = best.map(|all| all.as_secs_f64() * 1e6 / f64::from(records));
        table.row(kind.as_str(), &best);
    }
    trail.close().await;
    Ok(())
}

/// Encrypts the slots of people as preparing does: a new key for each slot, which the keys of its
/// owners encrypt. The values are not compressed here, so there are more of them to encrypt.
fn encrypt(sealed: &Sealed, vault: &Vault) -> Result<(), BoxError> {
    for slot in &sealed.slots {
        if slot.slot == Slot::TENANT {
            continue;
        }
        let owners = sealed.owners.get(usize::from(slot.slot.number()));
        let mut keys = Vec::new();
        for entity in vault.handles(owners.map_or(&[][..], Vec::as_slice)) {
            let owner = vault.newest_or_new(entity)?;
            keys.push((owner.id, owner.secret));
        }
        let place = SlotPlace {
            record: sealed.record.head.id,
            schema: sealed.record.kind().schema(),
            slot: slot.slot.number(),
        };
        vault.seal(place, &keys, &slot.bytes)?;
    }
    Ok(())
}
