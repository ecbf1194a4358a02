//! The Merkle tree of RFC 6962. Pure: bytes in, bytes out.

mod tree;

pub use tree::{Hash, hash_leaf, hash_node, root};
