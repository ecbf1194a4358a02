//! The Merkle log: public vectors, a naive tree beside it, published crates as oracles, and input
//! of every wrong kind.

mod checkpoint;
mod cosignature;
mod edge;
mod hostile;
mod keys;
mod naive;
mod note;
mod oracle_note;
mod oracle_tree;
mod proof;
mod tile;
mod tlog_proof;
mod vectors;
mod witness;
