//! Sealing a draft, and opening what was stored of it.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use super::commit::{commitments, record_root};
use super::compose::compose;
use super::cut::cut;
use super::digests::{Digester, Placed};
use super::field::Fields;
use super::payload::{OpenSlot, decode};
use super::slot::{Seed, Slot, Slots, draw_seeds};
use super::{OpenError, SealError};
use crate::log::Hash;
use crate::record::{
    Body, Digest, Draft, EntityRef, Head, Record, TEMPLATE_TEXT_PATH, Texts, item_text_path,
};

/// A record that can no longer change: its fields, the root over them, and the bytes to store.
#[derive(Clone, Debug)]
pub struct Sealed {
    /// The record, with every digest filled in.
    pub record: Record,
    /// Whom its personal values are about, staff aside.
    pub about: Vec<EntityRef>,
    /// How many fields it has.
    pub fields: u64,
    /// The root over its fields.
    pub root: Hash,
    /// The bytes of every slot that holds anything.
    pub slots: Vec<SlotBytes>,
    /// Whose values each slot holds, by its number.
    pub owners: Vec<Vec<EntityRef>>,
    /// How many fields are in other slots than the tenant's, which ends with the commitments to them.
    pub listed: usize,
    /// The shared texts it points at.
    pub shared: Vec<SharedText>,
}

/// The bytes of one slot.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SlotBytes {
    /// Which slot.
    pub slot: Slot,
    /// Its seed, owners, fields and personal texts.
    pub bytes: Vec<u8>,
}

/// A text that many records may point at, stored once.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SharedText {
    /// SHA-256 of the text.
    pub sha256: [u8; 32],
    /// The text.
    pub text: Arc<str>,
}

/// What a record is sealed from, besides its members.
#[derive(Clone, Debug, Default)]
pub enum Source {
    /// A new record: seeds are drawn.
    #[default]
    New,
    /// A record that was sealed elsewhere: its seeds by slot, and its texts by digest.
    Elsewhere {
        /// The seeds; drawn anew when one is missing, and its keyed digests cannot be checked.
        seeds: BTreeMap<u16, Seed>,
        /// The texts of its items.
        texts: BTreeMap<Digest, Arc<str>>,
    },
}

/// Seals `draft` under `head`.
///
/// # Errors
///
/// [`SealError`] when a value cannot be recorded exactly, or the record is too large.
pub fn seal(head: Head, draft: Draft, source: &Source) -> Result<Sealed, SealError> {
    let Draft {
        mut body,
        about,
        texts,
        ..
    } = draft;
    let slots = Slots::of(&head, &body, &about)?;
    let about = super::slot::entities(&body).map_or(about, <[EntityRef]>::to_vec);
    let mut seeds = draw_seeds(slots.owners().len())?;
    if let Source::Elsewhere { seeds: known, .. } = source {
        for (slot, seed) in known {
            if let Some(drawn) = seeds.get_mut(usize::from(*slot)) {
                *drawn = *seed;
            }
        }
    }
    let mut digester = Digester {
        slots: &slots,
        seeds: &seeds,
        placed: Placed::default(),
    };
    digester.fill(&mut body, &texts);
    let mut placed = digester.placed;
    let record = Record { head, body };
    if let Source::Elsewhere { texts, .. } = source {
        place_known(&record, &slots, (texts, &seeds), &mut placed);
    }
    let fields = cut(&record, &slots)?;
    let commitments = commitments(&fields, &seeds);
    let root = record_root(&fields, &commitments);
    Ok(Sealed {
        fields: u64::try_from(fields.len()).map_err(|_| SealError::TooManyFields(fields.len()))?,
        slots: encode(&slots, &seeds, (&fields, &commitments), &mut placed),
        owners: slots.owners().to_vec(),
        listed: fields.iter().filter(|it| it.slot != Slot::TENANT).count(),
        record,
        about,
        root,
        shared: placed.shared,
    })
}

/// Places texts whose digests the record already has, a keyed one where the seed is that it was
/// taken with: its owner's as a rule.
fn place_known(
    record: &Record,
    slots: &Slots,
    (texts, seeds): (&BTreeMap<Digest, Arc<str>>, &[Seed]),
    placed: &mut Placed,
) {
    for (digest, owner) in placed_digests(&record.body) {
        let Some((digest, text)) = texts.get_key_value(&digest) else {
            continue;
        };
        match digest {
            Digest::Sha256(sha256) => placed.shared.push(SharedText {
                sha256: *sha256,
                text: Arc::clone(text),
            }),
            Digest::HmacSha256(_) => {
                let taken_with = |slot: &Slot| {
                    let seed = seeds.get(usize::from(slot.number()));
                    seed.is_some_and(|seed| seed.digest(text.as_bytes()) == *digest)
                };
                let others = (0..).zip(seeds).map(|(number, _)| Slot::new(number));
                let mut candidates = std::iter::once(slots.of_entity(owner)).chain(others);
                let Some(slot) = candidates.find(taken_with) else {
                    continue;
                };
                let personal = placed.personal.entry(slot).or_default();
                personal.insert(*digest, Arc::clone(text));
            }
        }
    }
}

/// The digests of the texts that are stored with a record, and whose texts they are: those of its
/// items and of its template, but for those that it says were redacted.
pub(super) fn placed_digests(body: &Body) -> impl Iterator<Item = (Digest, Option<&EntityRef>)> {
    let context = match body {
        Body::Context(context) => Some(context),
        _ => None,
    };
    context.into_iter().flat_map(|context| {
        let redactions = context.capture.redactions.iter();
        let redacted: HashSet<&str> = redactions.map(|it| it.path.as_str()).collect();
        let template = context.template.as_ref().and_then(|used| used.digest);
        let template = template.filter(|_| !redacted.contains(TEMPLATE_TEXT_PATH));
        let items = context.assembly.iter().flat_map(|made| &made.items);
        items
            .enumerate()
            .filter(move |(index, _)| {
                redacted.is_empty() || !redacted.contains(item_text_path(*index).as_str())
            })
            .filter_map(|(_, item)| Some((item.digest?, feature_owner(context, item))))
            .chain(template.map(|digest| (digest, None)))
    })
}

/// Whose text a feature item is: that of the one feature it refers to.
fn feature_owner<'a>(
    context: &'a crate::record::Context,
    item: &crate::record::Item,
) -> Option<&'a EntityRef> {
    if item.kind != crate::record::ItemKind::Feature {
        return None;
    }
    let reference = item.reference.as_ref()?.as_str();
    let mut named = context.features.iter().filter(|feature| {
        let rest = reference.strip_prefix(feature.name.as_str());
        rest.is_some_and(|rest| {
            let entity = feature.entity.as_ref();
            rest.is_empty() || entity.is_some_and(|it| is_at(rest, it))
        })
    });
    let feature = named.next()?;
    named.next().is_none().then_some(feature.entity.as_ref())?
}

/// Whether `text` is `@type:id` of the entity.
fn is_at(text: &str, EntityRef { kind, id }: &EntityRef) -> bool {
    let text = text.strip_prefix('@');
    let text = text.and_then(|text| text.strip_prefix(kind.as_str()));
    text.and_then(|text| text.strip_prefix(':')) == Some(id.as_str())
}

fn encode(
    slots: &Slots,
    seeds: &[Seed],
    (fields, commitments): (&Fields, &[Hash]),
    placed: &mut Placed,
) -> Vec<SlotBytes> {
    let mut used = vec![false; seeds.len()];
    used[0] = true;
    for field in fields.iter() {
        used[usize::from(field.slot.number())] = true;
    }
    for slot in placed.personal.keys() {
        used[usize::from(slot.number())] = true;
    }
    (0..)
        .zip(seeds)
        .zip(slots.owners())
        .zip(used)
        .filter(|(_, used)| *used)
        .map(|(((number, seed), owners), _)| {
            let slot = Slot::new(number);
            let bytes = match slot {
                Slot::TENANT => OpenSlot::encode_listing(seed, fields, commitments),
                _ => OpenSlot {
                    slot,
                    seed: *seed,
                    owners: owners.clone(),
                    texts: placed.personal.remove(&slot).unwrap_or_default(),
                }
                .encode(fields),
            };
            SlotBytes { slot, bytes }
        })
        .collect()
}

/// A stored record, read back.
#[derive(Clone, Debug)]
pub struct Opened {
    /// The record.
    pub record: Record,
    /// Whom its personal values are about, staff aside.
    pub about: Vec<EntityRef>,
    /// Its personal texts.
    pub texts: BTreeMap<Digest, Arc<str>>,
    /// Its seeds, by slot.
    pub seeds: BTreeMap<u16, Seed>,
    /// How many fields it has.
    pub fields: u64,
    /// The root over its fields, computed anew.
    pub root: Hash,
    /// How many fields are in other slots than the tenant's.
    pub listed: usize,
    /// The values that are not here: stand-ins are in their place in the record.
    pub withheld: Vec<Withheld>,
}

/// A value that is not here.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Withheld {
    /// JSON pointer (RFC 6901) into the record.
    pub path: String,
    /// The slot it was in.
    pub slot: Slot,
}

/// Opens the slots of one record.
///
/// # Errors
///
/// [`OpenError`] when the bytes are not those of a record: the store is damaged.
pub fn open(slots: &[SlotBytes]) -> Result<Opened, OpenError> {
    open_with(slots, |_| {})
}

/// Opens the slots of one record, and shows each of them to `look`.
pub(super) fn open_with(
    slots: &[SlotBytes],
    mut look: impl FnMut(&OpenSlot),
) -> Result<Opened, OpenError> {
    let (fields, opened) = decode(slots)?;
    let mut texts = BTreeMap::new();
    let mut seeds = BTreeMap::new();
    let mut about = Vec::new();
    for open in opened {
        look(&open);
        texts.extend(open.texts);
        seeds.insert(open.slot.number(), open.seed);
        for owner in open.owners {
            if owner.kind.as_str() != "staff" && !about.contains(&owner) {
                about.push(owner);
            }
        }
    }
    let root = opened_root(&fields, &seeds)?;
    let withheld = fields.iter().filter(|field| field.is_withheld);
    Ok(Opened {
        record: compose(&fields)?,
        about,
        texts,
        seeds,
        fields: u64::try_from(fields.len()).unwrap_or(u64::MAX),
        root,
        listed: fields.iter().filter(|it| it.slot != Slot::TENANT).count(),
        withheld: withheld
            .map(|field| Withheld {
                path: field.path.to_owned(),
                slot: field.slot,
            })
            .collect(),
    })
}

/// The root over the fields, whose commitments have to be those that are listed: they are what is
/// left when the values are gone.
fn opened_root(fields: &Fields, seeds: &BTreeMap<u16, Seed>) -> Result<Hash, OpenError> {
    let slots = fields.iter().map(|field| field.slot.number());
    let last = slots.chain(seeds.keys().copied()).max().unwrap_or(0);
    let mut dense = vec![Seed::from_bytes([0; 32]); usize::from(last) + 1];
    for (slot, seed) in seeds {
        dense[usize::from(*slot)] = *seed;
    }
    let commitments = commitments(fields, &dense);
    for (field, commitment) in fields.iter().zip(&commitments) {
        if field.commitment.is_some_and(|listed| listed != *commitment) {
            return Err(OpenError::Commitment {
                path: field.path.to_owned(),
            });
        }
    }
    Ok(record_root(fields, &commitments))
}

impl Sealed {
    /// What was sealed before, as it was read back whole.
    ///
    /// # Errors
    ///
    /// [`SealError`] when it has more owners than a record may have.
    pub fn reopened(
        opened: Opened,
        slots: Vec<SlotBytes>,
        shared: Vec<SharedText>,
    ) -> Result<Self, SealError> {
        let Record { head, body } = &opened.record;
        let owners = Slots::of(head, body, &opened.about)?.owners().to_vec();
        Ok(Self {
            record: opened.record,
            about: opened.about,
            fields: opened.fields,
            root: opened.root,
            slots,
            owners,
            listed: opened.listed,
            shared,
        })
    }

    /// What `record` looks like without the texts, for a draft that is sealed again elsewhere.
    #[must_use]
    pub fn to_draft(record: &Record, about: Vec<EntityRef>) -> Draft {
        Draft {
            id: record.head.id,
            body: record.body.clone(),
            actor: Some(record.head.actor.clone()),
            recorded_at: Some(record.head.recorded_at),
            about,
            texts: Texts::default(),
        }
    }
}
