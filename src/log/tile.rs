//! Tiles and their paths (C2SP `tlog-tiles`, height 8).

use std::fmt;
use std::str::FromStr;

use super::line;
use super::tree::Hash;

/// The number of hashes in a full tile.
pub const TILE_WIDTH: u16 = 256;

/// Names one tile: up to 256 consecutive hashes of one level of the tree.
///
/// On level 0 they are leaf hashes; on each level above, each is the root over a full tile of the
/// level below. The text form is the path of the C2SP specification.
///
/// # Examples
///
/// ```
/// use contextrail::log::TileId;
///
/// let id = TileId::new(1, 1_234_067, 17)?;
/// assert_eq!(id.to_string(), "tile/1/x001/x234/067.p/17");
/// assert_eq!("tile/1/x001/x234/067.p/17".parse(), Ok(id));
/// # Ok::<(), contextrail::log::TileError>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct TileId {
    level: u8,
    index: u64,
    width: u16,
}

impl TileId {
    /// Names the tile `index` of `level` with `width` hashes.
    ///
    /// # Errors
    ///
    /// [`TileError::Width`] unless the width is 1 to 256; [`TileError::Beyond`] when the tile
    /// would cover leaves past 2⁶⁴ − 1, which excludes every level above 7.
    pub fn new(level: u8, index: u64, width: u16) -> Result<Self, TileError> {
        if width == 0 || width > TILE_WIDTH {
            return Err(TileError::Width(width));
        }
        let end = index
            .checked_mul(TILE_WIDTH.into())
            .and_then(|first| first.checked_add(width.into()));
        let limit = u64::MAX.checked_shr(u32::from(level) * TILE_HEIGHT);
        match (end, limit) {
            (Some(end), Some(limit)) if end <= limit => Ok(Self {
                level,
                index,
                width,
            }),
            _ => Err(TileError::Beyond { level, index }),
        }
    }

    /// The tile `index` of `level` as a tree of `size` leaves has it; `None` when the tree has no
    /// such tile.
    #[must_use]
    pub fn in_tree(size: u64, level: u8, index: u64) -> Option<Self> {
        let hashes = size.checked_shr(u32::from(level) * TILE_HEIGHT)?;
        let rest = hashes.checked_sub(index.checked_mul(TILE_WIDTH.into())?)?;
        let width = u16::try_from(rest).map_or(TILE_WIDTH, |rest| rest.min(TILE_WIDTH));
        Self::new(level, index, width).ok()
    }

    /// The level, from 0 (leaf hashes) to 7.
    #[must_use]
    pub const fn level(&self) -> u8 {
        self.level
    }

    /// The place within the level, from 0.
    #[must_use]
    pub const fn index(&self) -> u64 {
        self.index
    }

    /// The number of hashes, 1 to 256.
    #[must_use]
    pub const fn width(&self) -> u16 {
        self.width
    }

    /// Whether the tile has all its 256 hashes and will never change.
    #[must_use]
    pub const fn is_full(&self) -> bool {
        self.width == TILE_WIDTH
    }

    /// The same tile with all its hashes, which may be there when the partial one is gone; `None`
    /// when it would reach past 2⁶⁴ − 1 leaves.
    #[must_use]
    pub fn full(&self) -> Option<Self> {
        Self::new(self.level, self.index, TILE_WIDTH).ok()
    }

    /// Reads the hashes of the tile from its stored bytes.
    ///
    /// # Errors
    ///
    /// [`TileError::Length`] unless there are 32 bytes for each hash.
    pub fn hashes(&self, bytes: &[u8]) -> Result<Vec<Hash>, TileError> {
        let (hashes, rest) = bytes.as_chunks();
        if hashes.len() != usize::from(self.width) || !rest.is_empty() {
            return Err(TileError::Length {
                id: *self,
                bytes: bytes.len(),
            });
        }
        Ok(hashes.to_vec())
    }
}

impl fmt::Display for TileId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "tile/{}/", self.level)?;
        write_place(f, self.index, self.width)
    }
}

impl FromStr for TileId {
    type Err = TileError;

    fn from_str(text: &str) -> Result<Self, TileError> {
        let (level, place) = text
            .strip_prefix("tile/")
            .and_then(|rest| rest.split_once('/'))
            .ok_or(TileError::Path)?;
        let level = line::decimal(level).ok_or(TileError::Path)?;
        let (index, width) = read_place(place).ok_or(TileError::Path)?;
        let level = u8::try_from(level).map_err(|_| TileError::Path)?;
        Self::new(level, index, width)
    }
}

/// Names one bundle of up to 256 consecutive entries: those below a tile of level 0.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct EntriesId {
    tile: TileId,
}

impl EntriesId {
    /// Names the bundle `index` with `width` entries.
    ///
    /// # Errors
    ///
    /// As [`TileId::new`] on level 0.
    pub fn new(index: u64, width: u16) -> Result<Self, TileError> {
        TileId::new(0, index, width).map(|tile| Self { tile })
    }

    /// The tile with the leaf hashes of the entries.
    #[must_use]
    pub const fn tile(&self) -> TileId {
        self.tile
    }

    /// The index of the first entry, from 0.
    #[must_use]
    pub fn first(&self) -> u64 {
        self.tile.index * u64::from(TILE_WIDTH)
    }

    /// The number of entries, 1 to 256.
    #[must_use]
    pub const fn width(&self) -> u16 {
        self.tile.width
    }
}

impl fmt::Display for EntriesId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(ENTRIES)?;
        write_place(f, self.tile.index, self.tile.width)
    }
}

impl FromStr for EntriesId {
    type Err = TileError;

    fn from_str(text: &str) -> Result<Self, TileError> {
        let (index, width) = text
            .strip_prefix(ENTRIES)
            .and_then(read_place)
            .ok_or(TileError::Path)?;
        Self::new(index, width)
    }
}

/// A tile with its hashes.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Tile {
    id: TileId,
    hashes: Vec<Hash>,
}

impl Tile {
    pub(super) fn new(level: u8, index: u64, hashes: Vec<Hash>) -> Result<Self, TileError> {
        let width = u16::try_from(hashes.len()).unwrap_or(u16::MAX);
        let id = TileId::new(level, index, width)?;
        Ok(Self { id, hashes })
    }

    /// The name of the tile.
    #[must_use]
    pub const fn id(&self) -> TileId {
        self.id
    }

    /// The hashes, as many as the width says.
    #[must_use]
    pub fn hashes(&self) -> &[Hash] {
        &self.hashes
    }

    /// The bytes that are stored and served: the hashes one after the other.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        self.hashes.as_flattened()
    }
}

/// Why something is no tile.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum TileError {
    /// A path of another form.
    #[error("the path is none of a tile: it reads tile/LEVEL/INDEX or tile/LEVEL/INDEX.p/WIDTH")]
    Path,
    /// A width that no tile has.
    #[error("a tile is 1 to 256 hashes wide, not {0}")]
    Width(u16),
    /// A tile above or beyond the largest tree.
    #[error("tile {index} of level {level} lies beyond the largest tree of 2^64 - 1 leaves")]
    Beyond {
        /// The level asked for.
        level: u8,
        /// The index asked for.
        index: u64,
    },
    /// Bytes that are not the hashes of the tile.
    #[error("{id} should have 32 bytes for each of its hashes, and there are {bytes}")]
    Length {
        /// The tile that was read.
        id: TileId,
        /// The number of bytes found.
        bytes: usize,
    },
}

/// Writes an index in groups of three digits, all but the last marked `x`, and the width of a
/// partial tile.
fn write_place(f: &mut fmt::Formatter<'_>, index: u64, width: u16) -> fmt::Result {
    let mut groups = vec![index % 1_000];
    let mut rest = index / 1_000;
    while rest > 0 {
        groups.push(rest % 1_000);
        rest /= 1_000;
    }
    for group in groups.iter().skip(1).rev() {
        write!(f, "x{group:03}/")?;
    }
    write!(f, "{:03}", groups[0])?;
    if width < TILE_WIDTH {
        write!(f, ".p/{width}")?;
    }
    Ok(())
}

fn read_place(text: &str) -> Option<(u64, u16)> {
    let (number, width) = match text.split_once(".p/") {
        Some((number, width)) => (number, u16::try_from(line::decimal(width)?).ok()?),
        None => return Some((read_index(text)?, TILE_WIDTH)),
    };
    (width < TILE_WIDTH).then_some((read_index(number)?, width))
}

fn read_index(text: &str) -> Option<u64> {
    let (higher, last) = match text.rsplit_once('/') {
        Some((higher, last)) => (Some(higher), last),
        None => (None, text),
    };
    let mut index: u64 = 0;
    for group in higher.into_iter().flat_map(|higher| higher.split('/')) {
        index = append_group(index, group.strip_prefix('x')?)?;
        if index == 0 {
            // A number has one form: no groups of zeros in front of it.
            return None;
        }
    }
    append_group(index, last)
}

fn append_group(index: u64, group: &str) -> Option<u64> {
    if group.len() != 3 || !group.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    index
        .checked_mul(1_000)?
        .checked_add(group.parse::<u64>().ok()?)
}

/// The number of tree levels in a tile.
pub(super) const TILE_HEIGHT: u32 = 8;

const ENTRIES: &str = "tile/entries/";
