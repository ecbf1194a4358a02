//! What differs between two contexts.
