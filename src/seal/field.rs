//! Fields: the smallest things of a record that may have to be hidden or erased on their own.

use std::ops::Range;

use serde::Serialize;

use super::SealError;
use super::canonical::Canonical;
use super::members::MemberOrder;
use super::slot::{Slot, Slots};
use super::withheld::stand_in;
use crate::log::Hash;
use crate::record::Class;

/// One field of a record: a JSON pointer, a class, and the canonical bytes of the value.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Field<'a> {
    /// JSON pointer (RFC 6901) into the record.
    pub path: &'a str,
    /// How the value has to be treated.
    pub class: Class,
    /// Whose value it is: the place among the record's slots.
    pub slot: Slot,
    /// The value in RFC 8785 form. These bytes are stored and hashed. Where it is withheld, what
    /// stands in its place in a record that is read: nothing for most.
    pub value: &'a [u8],
    /// The commitment to the value, where the record was read with it.
    pub commitment: Option<Hash>,
    /// Whether the value is not here: it was erased, or is encrypted under a key that is not here.
    pub is_withheld: bool,
}

/// The fields of one record, in byte order of their paths.
#[derive(Clone, Debug, Default)]
pub struct Fields {
    paths: String,
    values: Vec<u8>,
    places: Vec<Place>,
}

#[derive(Clone, Debug)]
struct Place {
    path: Range<usize>,
    class: Class,
    slot: Slot,
    value: Range<usize>,
    commitment: Option<Hash>,
    is_withheld: bool,
}

impl Fields {
    /// The fields, in byte order of their paths.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Field<'_>> {
        self.places.iter().map(|place| Field {
            path: &self.paths[place.path.clone()],
            class: place.class,
            slot: place.slot,
            value: &self.values[place.value.clone()],
            commitment: place.commitment,
            is_withheld: place.is_withheld,
        })
    }

    /// How many fields there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether there is no field.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// No fields yet, and room for those of a context of the usual size.
    pub(super) fn with_room() -> Self {
        Self {
            paths: String::with_capacity(4 << 10),
            values: Vec::with_capacity(16 << 10),
            places: Vec::with_capacity(128),
        }
    }

    /// No fields yet, and room for what slots of so many bytes hold.
    pub(super) fn with_room_for(bytes: usize) -> Self {
        Self {
            paths: String::with_capacity(bytes),
            values: Vec::with_capacity(bytes),
            places: Vec::with_capacity(bytes / 64),
        }
    }

    /// Adds a field whose value is canonical already, as read from a store.
    pub(super) fn push(&mut self, path: &str, class: Class, slot: Slot, value: &[u8]) {
        let path_start = self.paths.len();
        self.paths.push_str(path);
        let value_start = self.values.len();
        self.values.extend_from_slice(value);
        self.places.push(Place {
            path: path_start..self.paths.len(),
            class,
            slot,
            value: value_start..self.values.len(),
            commitment: None,
            is_withheld: false,
        });
    }

    /// Adds a field as read from a store that lists the commitment to its value.
    pub(super) fn push_listed(
        &mut self,
        path: &str,
        class: Class,
        slot: Slot,
        value: &[u8],
        commitment: Hash,
    ) {
        self.push(path, class, slot, value);
        if let Some(place) = self.places.last_mut() {
            place.commitment = Some(commitment);
        }
    }

    /// Adds a field of whose value there is the commitment alone.
    pub(super) fn push_withheld(&mut self, path: &str, class: Class, slot: Slot, commitment: Hash) {
        let stand_in = stand_in(path, slot);
        self.push_listed(path, class, slot, stand_in.as_bytes(), commitment);
        if let Some(place) = self.places.last_mut() {
            place.is_withheld = true;
        }
    }

    pub(super) fn sort(&mut self) {
        let paths = &self.paths;
        // why: a stable sort makes use of runs that are in order already, and slots are such runs.
        self.places
            .sort_by(|a, b| paths[a.path.clone()].cmp(&paths[b.path.clone()]));
    }
}

/// Cuts a record into fields, remembering where in the record it is.
#[derive(Debug)]
pub(super) struct Cutter<'s> {
    slots: &'s Slots,
    fields: Fields,
    path: String,
    scratch: Canonical,
    /// Buffers that objects left behind for the next ones.
    spare: Vec<Canonical>,
}

/// An object being cut: members either stay in it or become fields of their own.
#[derive(Debug)]
pub(super) struct ObjectCut<'c, 's> {
    cutter: &'c mut Cutter<'s>,
    rest: Canonical,
    order: MemberOrder,
    class: Class,
    slot: Slot,
}

impl<'s> Cutter<'s> {
    pub(super) fn new(slots: &'s Slots) -> Self {
        Self {
            slots,
            fields: Fields::with_room(),
            path: String::with_capacity(128),
            scratch: Canonical::with_room(),
            spare: Vec::new(),
        }
    }

    pub(super) const fn slots(&self) -> &'s Slots {
        self.slots
    }

    pub(super) fn finish(mut self) -> Result<Fields, SealError> {
        if self.fields.len() > MAX_FIELDS {
            return Err(SealError::TooManyFields(self.fields.len()));
        }
        self.fields.sort();
        Ok(self.fields)
    }

    /// Makes the member `key` one field, or nothing when it is `None`.
    pub(super) fn field<T: Serialize + ?Sized>(
        &mut self,
        key: &str,
        class: Class,
        slot: Slot,
        value: &T,
    ) -> Result<(), SealError> {
        self.within(key, |cutter| cutter.emit(class, slot, value))
    }

    /// Makes the member `key` one plain field, or nothing when it is `None`.
    pub(super) fn plain<T: Serialize + ?Sized>(
        &mut self,
        key: &str,
        value: &T,
    ) -> Result<(), SealError> {
        self.field(key, Class::Plain, Slot::TENANT, value)
    }

    /// Makes the list `key` one plain field, or nothing when it is empty.
    pub(super) fn plain_list<T: Serialize>(
        &mut self,
        key: &str,
        list: &[T],
    ) -> Result<(), SealError> {
        if list.is_empty() {
            return Ok(());
        }
        self.plain(key, list)
    }

    /// Makes the member `key` one personal field of everybody the record is about.
    pub(super) fn personal<T: Serialize + ?Sized>(
        &mut self,
        key: &str,
        value: &T,
    ) -> Result<(), SealError> {
        self.field(key, Class::Personal, self.slots.everybody(), value)
    }

    /// Makes each element of the list `key` what `cut` makes of it; leaves out an empty list.
    pub(super) fn each<T>(
        &mut self,
        key: &str,
        list: &[T],
        mut cut: impl FnMut(&mut Self, usize, &T) -> Result<(), SealError>,
    ) -> Result<(), SealError> {
        self.within(key, |cutter| {
            for (at, element) in list.iter().enumerate() {
                cutter.within(&at.to_string(), |cutter| cut(cutter, at, element))?;
            }
            Ok(())
        })
    }

    /// Like [`Self::each`]; an empty list is a field of its own.
    pub(super) fn each_or_empty<T>(
        &mut self,
        key: &str,
        list: &[T],
        cut: impl FnMut(&mut Self, usize, &T) -> Result<(), SealError>,
    ) -> Result<(), SealError> {
        if list.is_empty() {
            let none: [(); 0] = [];
            return self.plain(key, &none);
        }
        self.each(key, list, cut)
    }

    /// Makes each member of the map `key` one field.
    pub(super) fn members<T: Serialize>(
        &mut self,
        key: &str,
        map: &std::collections::BTreeMap<String, T>,
        class: Class,
        slot: Slot,
    ) -> Result<(), SealError> {
        self.within(key, |cutter| {
            for (name, value) in map {
                cutter.field(name, class, slot, value)?;
            }
            Ok(())
        })
    }

    /// Makes the value here one field.
    pub(super) fn emit<T: Serialize + ?Sized>(
        &mut self,
        class: Class,
        slot: Slot,
        value: &T,
    ) -> Result<(), SealError> {
        self.scratch.bytes.clear();
        value.serialize(&mut self.scratch)?;
        if !self.scratch.bytes.is_empty() {
            self.fields
                .push(&self.path, class, slot, &self.scratch.bytes);
        }
        Ok(())
    }

    /// Makes the object `key` a field of what `cut` keeps in it, and fields of what it cuts out.
    pub(super) fn object(
        &mut self,
        key: &str,
        class: Class,
        slot: Slot,
        cut: impl FnOnce(&mut ObjectCut<'_, 's>) -> Result<(), SealError>,
    ) -> Result<(), SealError> {
        self.within(key, |cutter| cutter.object_here(class, slot, cut))
    }

    /// Like [`Self::object`], for the object here: an element of a list.
    pub(super) fn object_here(
        &mut self,
        class: Class,
        slot: Slot,
        cut: impl FnOnce(&mut ObjectCut<'_, 's>) -> Result<(), SealError>,
    ) -> Result<(), SealError> {
        let mut rest = self.spare.pop().unwrap_or_else(Canonical::with_room);
        let order = MemberOrder::begin(&mut rest)?;
        let mut object = ObjectCut {
            cutter: self,
            rest,
            order,
            class,
            slot,
        };
        cut(&mut object)?;
        object.end()
    }

    /// Cuts at the member `key`.
    pub(super) fn within<R>(&mut self, key: &str, cut: impl FnOnce(&mut Self) -> R) -> R {
        let length = self.path.len();
        self.path.push('/');
        if key.contains(['~', '/']) {
            self.path
                .push_str(&key.replace('~', "~0").replace('/', "~1"));
        } else {
            self.path.push_str(key);
        }
        let result = cut(self);
        self.path.truncate(length);
        result
    }
}

impl<'s> ObjectCut<'_, 's> {
    /// Keeps the member in the object, or leaves it out when it is `None`.
    pub(super) fn keep<T: Serialize + ?Sized>(
        &mut self,
        key: &'static str,
        value: &T,
    ) -> Result<(), SealError> {
        self.order.member(&mut self.rest, key, value)
    }

    /// Keeps a list in the object, or leaves it out when it is empty.
    pub(super) fn keep_list<T: Serialize>(
        &mut self,
        key: &'static str,
        list: &[T],
    ) -> Result<(), SealError> {
        if list.is_empty() {
            return Ok(());
        }
        self.keep(key, list)
    }

    /// Cuts out of the object, by the cutter that made it.
    pub(super) const fn out(&mut self) -> &mut Cutter<'s> {
        self.cutter
    }

    fn end(mut self) -> Result<(), SealError> {
        self.order.end(&mut self.rest)?;
        self.cutter
            .fields
            .push(&self.cutter.path, self.class, self.slot, &self.rest.bytes);
        self.rest.bytes.clear();
        self.cutter.spare.push(self.rest);
        Ok(())
    }
}

const MAX_FIELDS: usize = 4_096;
