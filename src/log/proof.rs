//! Checking of inclusion and consistency proofs (RFC 9162 §2.1.3 and §2.1.4).

use super::tree::{Hash, hash_node};

/// Checks that the leaf hash `leaf` stands at `index` in the tree of `size` leaves with `root`
/// (RFC 9162 §2.1.3.2).
///
/// `path` goes from the leaf's sibling up to the root's child.
///
/// # Errors
///
/// [`ProofError`], which says what does not fit. Whatever the error: the leaf is not proved to be
/// in the tree.
///
/// # Examples
///
/// ```
/// use contextrail::log::{hash_leaf, hash_node, verify_inclusion};
///
/// let (first, second) = (hash_leaf(b"first"), hash_leaf(b"second"));
/// let root = hash_node(&first, &second);
/// assert!(verify_inclusion(1, 2, &second, &[first], &root).is_ok());
/// assert!(verify_inclusion(0, 2, &second, &[first], &root).is_err());
/// ```
pub fn verify_inclusion(
    index: u64,
    size: u64,
    leaf: &Hash,
    path: &[Hash],
    root: &Hash,
) -> Result<(), ProofError> {
    if index >= size {
        return Err(ProofError::IndexBeyondTree { index, size });
    }
    let mut reached = *leaf;
    Place::new(index, size - 1).walk(path, |sibling| reached = sibling.join(&reached))?;
    if reached != *root {
        return Err(ProofError::OtherRoot { size });
    }
    Ok(())
}

/// Checks that the tree of `to` leaves with `to_root` begins with the tree of `from` leaves with
/// `from_root` (RFC 9162 §2.1.4.2).
///
/// For equal sizes the path is empty and the roots must be the same.
///
/// # Errors
///
/// [`ProofError`], which says what does not fit. [`ProofError::FromEmpty`] when `from` is 0: every
/// tree begins with the empty one, so there is nothing to prove, and a caller that expects a proof
/// should learn that it has none.
pub fn verify_consistency(
    from: u64,
    to: u64,
    from_root: &Hash,
    to_root: &Hash,
    path: &[Hash],
) -> Result<(), ProofError> {
    if from > to {
        return Err(ProofError::Shrunk { from, to });
    }
    if from == 0 {
        return Err(ProofError::FromEmpty);
    }
    if from == to {
        return verify_same(to, from_root, to_root, path);
    }
    // A whole subtree's root is left out of the path: whoever checks it has it already.
    let (start, path) = if from.is_power_of_two() {
        (from_root, path)
    } else {
        path.split_first()
            .ok_or(ProofError::PathTooShort { hashes: 0 })?
    };
    let mut place = Place::new(from - 1, to - 1);
    place.skip_whole();
    let (mut old, mut new) = (*start, *start);
    place.walk(path, |sibling| {
        if let Sibling::Left(_) = sibling {
            old = sibling.join(&old);
        }
        new = sibling.join(&new);
    })?;
    if old != *from_root {
        return Err(ProofError::OtherRoot { size: from });
    }
    if new != *to_root {
        return Err(ProofError::OtherRoot { size: to });
    }
    Ok(())
}

fn verify_same(
    size: u64,
    from_root: &Hash,
    to_root: &Hash,
    path: &[Hash],
) -> Result<(), ProofError> {
    if !path.is_empty() {
        return Err(ProofError::PathTooLong { hashes: path.len() });
    }
    if from_root != to_root {
        return Err(ProofError::OtherRoot { size });
    }
    Ok(())
}

/// Why a proof proves nothing.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ProofError {
    /// No leaf has this index.
    #[error("index {index} is not in a tree of {size} leaves")]
    IndexBeyondTree {
        /// The index asked for, from 0.
        index: u64,
        /// The number of leaves.
        size: u64,
    },
    /// The later tree is the smaller one.
    #[error("a tree of {from} leaves cannot have shrunk to {to}")]
    Shrunk {
        /// The number of leaves of the earlier tree.
        from: u64,
        /// The number of leaves of the later tree.
        to: u64,
    },
    /// The earlier tree is empty.
    #[error("the earlier tree is empty: every tree continues it, and no proof is needed")]
    FromEmpty,
    /// The path ends below the root.
    #[error("the path has {hashes} siblings and ends below the root")]
    PathTooShort {
        /// The number of siblings in the path. The first hash of a consistency proof is none when
        /// the size of the earlier tree is no power of two.
        hashes: usize,
    },
    /// The path goes on above the root.
    #[error("the path has {hashes} siblings and goes on above the root")]
    PathTooLong {
        /// The number of siblings in the path, as in [`PathTooShort`](Self::PathTooShort).
        hashes: usize,
    },
    /// The path leads to another root than the one given.
    #[error("the path does not lead to the root given for {size} leaves")]
    OtherRoot {
        /// The number of leaves of the tree whose root differs.
        size: u64,
    },
}

/// The other child of a parent, and the side it is on.
#[derive(Clone, Copy)]
enum Sibling<'a> {
    Left(&'a Hash),
    Right(&'a Hash),
}

impl Sibling<'_> {
    /// The hash of the parent.
    fn join(self, node: &Hash) -> Hash {
        match self {
            Self::Left(sibling) => hash_node(sibling, node),
            Self::Right(sibling) => hash_node(node, sibling),
        }
    }
}

/// Where a proof stands: a node's index on its level, and the index of the last node there. RFC
/// 9162 calls them `fn` and `sn`.
struct Place {
    node: u64,
    last: u64,
}

impl Place {
    const fn new(node: u64, last: u64) -> Self {
        Self { node, last }
    }

    const fn is_root(&self) -> bool {
        self.last == 0
    }

    /// Goes up to the root, giving each hash of `path` to `meet` as the sibling it is.
    fn walk(mut self, path: &[Hash], mut meet: impl FnMut(Sibling<'_>)) -> Result<(), ProofError> {
        let hashes = path.len();
        for hash in path {
            if self.is_root() {
                return Err(ProofError::PathTooLong { hashes });
            }
            meet(if self.sibling_is_left() {
                Sibling::Left(hash)
            } else {
                Sibling::Right(hash)
            });
            self.climb();
        }
        if self.is_root() {
            Ok(())
        } else {
            Err(ProofError::PathTooShort { hashes })
        }
    }

    const fn is_right(&self) -> bool {
        self.node & 1 == 1
    }

    const fn sibling_is_left(&self) -> bool {
        self.is_right() || self.node == self.last
    }

    const fn up(&mut self) {
        self.node >>= 1;
        self.last >>= 1;
    }

    /// Goes to the parent, passing the levels on which the last node has no sibling.
    const fn climb(&mut self) {
        if self.sibling_is_left() {
            while !self.is_right() && self.node != 0 {
                self.up();
            }
        }
        self.up();
    }

    /// Goes up to the largest whole subtree that ends at this node.
    const fn skip_whole(&mut self) {
        while self.is_right() {
            self.up();
        }
    }
}
